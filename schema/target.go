package schema

// Target pins where an environment is deployed: what is written is what must be in effect when one of its steps runs.
type Target struct {
	KubeContext string `yaml:"kube_context" doc:"The context of the kubeconfig."`
	AWSAccount  string `yaml:"aws_account" doc:"The number of the AWS account, in quotes."`
	AWSRegion   string `yaml:"aws_region" doc:"The AWS region."`
}

// Pins returns what is pinned by the names of an Identity's Target, nil for nothing.
func (t Target) Pins() map[string]string {
	pins := map[string]string{}
	for name, value := range map[string]string{TargetContext: t.KubeContext, TargetAccount: t.AWSAccount, TargetRegion: t.AWSRegion} {
		if value != "" {
			pins[name] = value
		}
	}
	if len(pins) == 0 {
		return nil
	}
	return pins
}
