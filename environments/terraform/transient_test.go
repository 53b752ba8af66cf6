package terraform

import (
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// TestTransient holds what terraform and its providers have said, as they print it, and which of it passes by itself.
func TestTransient(t *testing.T) {
	for _, c := range []struct{ name, text, passes string }{
		{"a registry that does not answer", `Error: Failed to query available provider packages

Could not retrieve the list of available versions for provider hashicorp/null:
could not connect to registry.terraform.io: failed to request discovery
document: Get "https://registry.terraform.io/.well-known/terraform.json":
net/http: request canceled while waiting for connection (Client.Timeout
exceeded while awaiting headers)`, "Client.Timeout exceeded while awaiting headers"},
		{"a registry that is overloaded", `Error: Failed to install provider

Error while installing hashicorp/aws v5.0.0: could not query provider registry
for registry.terraform.io/hashicorp/aws: the request failed after 2 attempts,
please try again later: 502 Bad Gateway returned from registry.terraform.io`, "502 Bad Gateway"},
		{"TLS", `Error: error configuring S3 Backend: RequestError: send request failed caused by: Get "https://sts.amazonaws.com/": net/http: TLS handshake timeout`, "net/http: TLS handshake timeout"},
		{"a connection that nobody answers", `Error: Failed to load state: Get "https://b.s3.amazonaws.com/s": dial tcp 52.216.1.1:443: i/o timeout`, "dial tcp 52.216.1.1:443: i/o timeout"},
		{"a name server that does not answer", `dial tcp: lookup ec2.eu-west-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.0.5:1->10.0.0.2:53: i/o timeout`, "lookup ec2.eu-west-1.amazonaws.com on 10.0.0.2:53: read udp 10.0.0.5:1->10.0.0.2:53: i/o timeout"},
		{"a name server that is unwell", `dial tcp: lookup example.com on 127.0.0.11:53: server misbehaving`, "lookup example.com on 127.0.0.11:53: server misbehaving"},
		{"a connection that breaks", `Post "https://x/": read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer`, "read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer"},
		{"a server that hangs up", `Error: Get "https://releases.hashicorp.com/x.zip": unexpected EOF`, `Get "https://releases.hashicorp.com/x.zip": unexpected EOF`},
		{"AWS's second SDK, throttled", `Error: reading ELBv2 Listeners: operation error Elastic Load Balancing v2: DescribeListeners, exceeded maximum number of attempts, 25, https response error StatusCode: 400, RequestID: 1, api error Throttling: Rate exceeded`, "api error Throttling"},
		{"AWS's first SDK, throttled", `Error: Throttling: Rate exceeded
	status code: 400, request id: 32cdb13f`, "Throttling: Rate exceeded"},
		{"EC2", `Error: RequestLimitExceeded: Request limit exceeded. status code: 503`, "RequestLimitExceeded: Request limit exceeded"},
		{"Google", `Error: Error when reading or editing Project: googleapi: Error 503: The service is currently unavailable., backendError`, "googleapi: Error 503"},
		{"Azure", `Error: retrieving Resource Group: resources.GroupsClient#Get: Failure responding to request: StatusCode=429 -- Original Error`, "StatusCode=429"},
		{"Azure's newer SDK", `Error: unexpected status 503 (503 Service Unavailable) with error: ServerBusy`, "503 Service Unavailable"},
		{"a state that somebody is at work on", `Error: Error acquiring the state lock

Error message: ConditionalCheckFailedException: The conditional request failed
Lock Info:
  ID:        6a1f
  Path:      b/s`, "Error acquiring the state lock Error message: ConditionalCheckFailedException: The conditional request failed Lock Info:"},
		{"a module's server", `Error: Failed to download module: error downloading 'https://github.com/x/y.git': /usr/bin/git exited with 128: fatal: unable to access: The requested URL returned error: 429`, "The requested URL returned error: 429"},

		{"a lock table that is not there", "Error: Error acquiring the state lock\nError message: ResourceNotFoundException: Requested resource not found", ""},
		{"a name that nobody knows", `Error: dial tcp: lookup exmaple.com on 10.0.0.2:53: no such host`, ""},
		{"a cluster that is nowhere", `Error: Get "http://localhost/api/v1/namespaces/x": dial tcp 127.0.0.1:80: connect: connection refused`, ""},
		{"credentials", `Error: error validating provider credentials: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID: 1, api error ExpiredToken: the token is expired`, ""},
		{"a quota", `operation error Lambda: CreateFunction, https response error StatusCode: 429, api error LimitExceededException: quota`, ""},
		{"a certificate", `Get "https://x/": tls: failed to verify certificate: x509: certificate signed by unknown authority`, ""},
		{"a syntax error", "Error: Unexpected EOF\n\nOn main.tf line 3: unexpected EOF", ""},
		{"a provider that does not exist", `Error: Failed to query available provider packages
Could not retrieve the list of available versions for provider hashicorp/awss: provider registry registry.terraform.io does not have a provider named`, ""},
		{"a resource that took too long", `Error: waiting for RDS DB Instance create: timeout while waiting for state to become 'available' (last state: 'creating', timeout: 40m0s)`, ""},
		{"an empty text", "", ""},
	} {
		found := ""
		text := strings.Join(strings.Fields(c.text), " ")
		for _, p := range New().Transient() {
			if found = p.FindString(text); found != "" {
				break
			}
		}
		if found != c.passes {
			t.Errorf("%s: found %q, want %q", c.name, found, c.passes)
		}
	}
}

func TestErrorsAreToldApart(t *testing.T) {
	got := separate([]string{"left over", "Error: a", "of two", "lines", "Error: b"})
	if want := "left over|Error: a of two lines|Error: b"; strings.Join(got, "|") != want {
		t.Errorf("%q", got)
	}
	if got := separate(nil); got != nil {
		t.Errorf("%q", got)
	}
}

// TestUntouched: whoever tries again has to know whether terraform had begun to change something.
func TestUntouched(t *testing.T) {
	for _, c := range []struct {
		name, main string
		command    schema.Command
		untouched  bool
		errors     []string // how each begins
	}{
		{
			"a failing init", "terraform {\n  required_providers {\n    x = { source = \"localhost/no/x\" }\n  }\n}", schema.CommandApply,
			true,
			[]string{"Error: Failed to query available provider packages"},
		},
		{
			"two errors while planning", "variable \"a\" {}\nvariable \"b\" {}", schema.CommandApply, true,
			[]string{"Error: No value for required variable", "Error: No value for required variable"},
		},
		{
			"a data source that fails before the first change",
			"data \"terraform_remote_state\" \"x\" {\n  backend = \"local\"\n  config = { path = \"no\" }\n}\nresource \"terraform_data\" \"x\" { input = data.terraform_remote_state.x.outputs }",
			schema.CommandApply, true,
			[]string{"Error: Unable to find remote state"},
		},
		{
			"a change that fails", "resource \"terraform_data\" \"x\" {\n  provisioner \"local-exec\" { command = \"false\" }\n}",
			schema.CommandApply, false,
			[]string{"Error: local-exec provisioner error"},
		},
		{
			"the outputs, after a change", "resource \"terraform_data\" \"x\" {}\noutput \"o\" {\n  value = terraform_data.x.id\n  precondition {\n    condition = terraform_data.x.id == \"\"\n    error_message = \"no\"\n  }\n}",
			schema.CommandApply, false,
			[]string{"Error: Module output value precondition failed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			failure := tellReal(t, map[string]string{"main.tf": c.main}).Fails(c.command)
			if failure.Untouched != c.untouched || failure.Final || len(failure.Errors) != len(c.errors) {
				t.Fatalf("failure %+v", failure)
			}
			for i, begin := range c.errors {
				if !strings.HasPrefix(failure.Errors[i], begin) {
					t.Errorf("error %d: %s", i, failure.Errors[i])
				}
			}
		})
	}
}

func TestAfterWhatNothingIsBegunAnew(t *testing.T) {
	for _, summary := range []string{"Failed to save state", "Failed to persist state", "Error releasing the state lock", "Error saving state"} {
		s := tell(t, map[string]string{"main.tf": ""}).fake(version1 +
			`echo '{"type":"diagnostic","diagnostic":{"severity":"error","summary":"` + summary + `","detail":"TLS handshake timeout"}}'; exit 1`)
		if failure := s.Fails(schema.CommandApply); !failure.Final {
			t.Errorf("%s: %+v", summary, failure)
		}
	}
}
