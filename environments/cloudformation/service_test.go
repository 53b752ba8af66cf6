package cloudformation

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// service answers requests in CloudFormation's Query protocol from a script: each action has its answers, one for each
// request; the last one is repeated.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
type service struct {
	*httptest.Server
	mu       sync.Mutex
	answers  map[string][]answer
	requests []url.Values
}

type answer struct {
	status  int
	body    string
	arrived func() // told before the answer goes out
}

// serve starts the service for a stack that does not exist, with templates that are valid.
func serve(t *testing.T) *service {
	t.Helper()
	f := &service{answers: map[string][]answer{}}
	f.on("ValidateTemplate", result(""))
	f.on("DescribeStacks", missing)
	f.on("ListChangeSets", result("<Summaries/>"))
	f.on("DeleteChangeSet", result(""))
	f.on("CreateChangeSet", result("<Id>"+setID+"</Id><StackId>"+stackID+"</StackId>"))
	f.on("ExecuteChangeSet", result(""))
	f.on("DeleteStack", result(""))
	f.on("GetCallerIdentity", result("<Account>111111111111</Account>"))
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// on sets the answers of an action.
func (f *service) on(action string, answers ...answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers[action] = answers
}

func (f *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	action := r.PostForm.Get("Action")
	f.mu.Lock()
	f.requests = append(f.requests, r.PostForm)
	a := refusal("InvalidAction", "the script has no answer to "+action)
	if queue := f.answers[action]; len(queue) > 0 {
		a = queue[0]
		if len(queue) > 1 {
			f.answers[action] = queue[1:]
		}
	}
	f.mu.Unlock()
	if a.arrived != nil {
		a.arrived()
	}
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(a.status)
	fmt.Fprintln(w, strings.ReplaceAll(a.body, "ACTION", action))
}

// asked returns the requests of an action so far.
func (f *service) asked(action string) []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []url.Values
	for _, r := range f.requests {
		if r.Get("Action") == action {
			all = append(all, r)
		}
	}
	return all
}

// actions returns the actions that change something, in their order.
func (f *service) actions() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.requests {
		switch action := r.Get("Action"); action {
		case "CreateChangeSet", "DeleteChangeSet", "ExecuteChangeSet", "DeleteStack":
			all = append(all, action)
		}
	}
	f.requests = nil
	return strings.Join(all, " ")
}

// given returns the parameters of the last change set.
func (f *service) given() string {
	asked := f.asked("CreateChangeSet")
	if len(asked) == 0 {
		return "(no change set)"
	}
	form, list := asked[len(asked)-1], []string{}
	for i := 1; ; i++ {
		at := fmt.Sprintf("Parameters.member.%d.", i)
		if !form.Has(at + "ParameterKey") {
			return strings.Join(list, " ")
		}
		value := form.Get(at + "ParameterValue")
		if form.Get(at+"UsePreviousValue") == "true" {
			value = "(previous)"
		}
		list = append(list, form.Get(at+"ParameterKey")+"="+value)
	}
}

const (
	stackID = "arn:aws:cloudformation:us-east-1:123456789012:stack/app/1"
	setID   = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/bitops-x/2"
)

func result(body string) answer {
	return answer{status: 200, body: `<ACTIONResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><ACTIONResult>` +
		body + `</ACTIONResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ACTIONResponse>`}
}

func refusal(code, message string) answer {
	return answer{status: 400, body: `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>` +
		`<Type>Sender</Type><Code>` + code + `</Code><Message>` + text(message) + `</Message></Error><RequestId>r</RequestId></ErrorResponse>`}
}

func text(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

var missing = refusal("ValidationError", "Stack with id app does not exist")

// stack is a stack in a status; more are other elements of it.
func stack(status string, more ...string) answer {
	return result("<Stacks><member><StackName>app</StackName><StackId>" + stackID + "</StackId>" +
		"<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>" + status + "</StackStatus>" +
		strings.Join(more, "") + "</member></Stacks>")
}

func outputs(pairs ...string) string {
	list := ""
	for i := 0; i+1 < len(pairs); i += 2 {
		list += "<member><OutputKey>" + pairs[i] + "</OutputKey><OutputValue>" + text(pairs[i+1]) + "</OutputValue></member>"
	}
	return "<Outputs>" + list + "</Outputs>"
}

func parameters(names ...string) string {
	list := ""
	for _, name := range names {
		list += "<member><ParameterKey>" + name + "</ParameterKey><ParameterValue>****</ParameterValue></member>"
	}
	return "<Parameters>" + list + "</Parameters>"
}

// changes is a change set with changes, each "Action LogicalId Replacement".
func changes(list ...string) answer {
	members := ""
	for _, change := range list {
		words := append(strings.Fields(change), "")
		members += "<member><Type>Resource</Type><ResourceChange><Action>" + words[0] + "</Action><LogicalResourceId>" + words[1] +
			"</LogicalResourceId><ResourceType>AWS::SNS::Topic</ResourceType><Replacement>" + words[2] + "</Replacement></ResourceChange></member>"
	}
	return result("<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>" + members + "</Changes>")
}

func setStatus(status, reason string) answer {
	return result("<Status>" + status + "</Status><StatusReason>" + text(reason) + "</StatusReason>")
}

// events are the stack's events, each "STATUS LogicalId reason", the newest first. The logical ID app is the stack.
func events(list ...string) answer {
	members := ""
	for i, event := range list {
		words := append(strings.SplitN(event, " ", 3), "")
		physical := words[1]
		if physical == "app" {
			physical = stackID
		}
		reason, token, _ := strings.Cut(words[2], " token=")
		members += fmt.Sprintf("<member><StackId>%s</StackId><EventId>e%d</EventId><LogicalResourceId>%s</LogicalResourceId>"+
			"<PhysicalResourceId>%s</PhysicalResourceId><ResourceType>AWS::SNS::Topic</ResourceType><ResourceStatus>%s</ResourceStatus>"+
			"<ResourceStatusReason>%s</ResourceStatusReason><ClientRequestToken>%s</ClientRequestToken>"+
			"<Timestamp>2026-01-02T03:04:05Z</Timestamp></member>",
			stackID, len(list)-i, words[1], physical, words[0], text(reason), token)
	}
	return result("<StackEvents>" + members + "</StackEvents>")
}
