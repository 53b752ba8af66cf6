package cloudformation

import "testing"

func TestReadsWhatOthersLeaveBehind(t *testing.T) {
	for text, want := range map[string]bool{
		`Fn::ImportValue: net-VpcId`: true,
		`!ImportValue net-VpcId`:     true,
		`{{resolve:ssm:/net/vpc}}`:   true,
		`Value: !Ref Vpc`:            false,
		`Export: {Name: x}`:          false,
	} {
		if got := (*CloudFormation)(nil).Reads().MatchString(text); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
