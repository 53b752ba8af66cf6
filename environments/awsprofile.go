package environments

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The variables in which AWS' programs are told where their files are.
const (
	awsCredentialsFile = "AWS_SHARED_CREDENTIALS_FILE"
	awsConfigFile      = "AWS_CONFIG_FILE"
)

// placeAWSProfile gives the steps of `bitops deploy` the profile default with the keys in the caller's variables, as BitOps
// wrote it to ~/.aws/credentials: a provider or backend with profile = "default" fails where there is no such profile. The
// caller's own files stay as they are, and win.
func (c *Call) placeAWSProfile() error {
	key, secret := c.Variables["AWS_ACCESS_KEY_ID"], c.Variables["AWS_SECRET_ACCESS_KEY"]
	if !c.deploys || key == "" || secret == "" || c.Variables[awsCredentialsFile] != "" || c.Variables[awsConfigFile] != "" {
		return nil
	}
	for _, name := range []string{"credentials", "config"} {
		if _, err := os.Stat(filepath.Join(c.Variables["HOME"], ".aws", name)); err == nil {
			return nil
		}
	}
	lines := []string{"[default]", "aws_access_key_id = " + key, "aws_secret_access_key = " + secret}
	if token := c.Variables["AWS_SESSION_TOKEN"]; token != "" {
		lines = append(lines, "aws_session_token = "+token)
	}
	file, err := c.PrivateFile("aws-credentials", []byte(strings.Join(lines, "\n")+"\n"))
	if err != nil {
		return fmt.Errorf("write the profile of AWS: %w", err)
	}
	c.Variables[awsCredentialsFile] = file
	return nil
}
