package cloudformation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/bitops-engine/bitops/schema"
)

// modified is a change set with one change; of is what DescribeChangeSet says of it beside its name and type, as AWS writes it.
func modified(action string, of ...string) answer {
	return result("<Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes><member><Type>Resource</Type>" +
		"<ResourceChange><Action>" + action + "</Action><LogicalResourceId>Rule</LogicalResourceId>" +
		"<ResourceType>AWS::EC2::SecurityGroupIngress</ResourceType>" + strings.Join(of, "") + "</ResourceChange></member></Changes>")
}

// detail tells of a property, "Name RequiresRecreation Evaluation", and what it was and will be.
func detail(property string, values ...string) string {
	words := strings.Fields(property)
	target := "<Attribute>Properties</Attribute><Name>" + words[0] + "</Name><RequiresRecreation>" + words[1] + "</RequiresRecreation>"
	for i, tag := range []string{"BeforeValue", "AfterValue"}[:len(values)] {
		target += "<" + tag + ">" + text(values[i]) + "</" + tag + ">"
	}
	return "<member><Target>" + target + "</Target><Evaluation>" + words[2] + "</Evaluation></member>"
}

func details(all ...string) string { return "<Details>" + strings.Join(all, "") + "</Details>" }

func inContext(before, after string) string {
	wrap := func(tag, properties string) string {
		if properties == "" {
			return ""
		}
		return "<" + tag + ">" + text(`{"Properties":`+properties+`}`) + "</" + tag + ">"
	}
	return wrap("BeforeContext", before) + wrap("AfterContext", after)
}

func TestPropertiesOfChangeSets(t *testing.T) {
	const always, maybe = "<Replacement>True</Replacement>", "<Replacement>Conditional</Replacement>"
	for name, test := range map[string]struct {
		answer answer
		want   string
	}{
		"values": {
			modified("Modify", inContext(`{"FromPort":"443","CidrIp":"10.40.0.0/16"}`, `{"FromPort":"22","CidrIp":"0.0.0.0/0"}`)),
			`CidrIp: "10.40.0.0/16" -> "0.0.0.0/0"; FromPort: "443" -> "22"`,
		},
		"values of details alone":  {modified("Modify", details(detail("FromPort Never Static", "443", "22"))), `FromPort: "443" -> "22"`},
		"no values":                {modified("Modify", details(detail("FromPort Never Static"))), `FromPort:  -> `},
		"no values, and not known": {modified("Modify", details(detail("Topic Never Dynamic"))), `Topic:  -> "(known after apply)" unknown`},
		"twice told":               {modified("Modify", details(detail("A Never Static"), detail("A Never Dynamic"))), `A:  -> `},
		"a new resource":           {modified("Add", inContext("", `{"Name":"a","Tags":[{"Key":"x","Value":"y"}],"Arn":"{{changeSet:KNOWN_AFTER_APPLY}}"}`)), `Name:  -> "a"; Tags[Key="x"].Key:  -> "x"; Tags[Key="x"].Value:  -> "y"; Arn:  -> "(known after apply)" unknown`},
		"a resource that goes":     {modified("Remove", inContext(`{"Name":"a"}`, "")), `Name: "a" -> `},
		"what requires recreation": {modified("Modify", always, details(detail("CidrIp Always Static"), detail("Other Never Static", "1", "2")), inContext(`{"CidrIp":"a","Other":1}`, `{"CidrIp":"b","Other":2}`)), `CidrIp: "a" -> "b" forces; Other: 1 -> 2`},
		"what may require it":      {modified("Modify", maybe, details(detail("Also Never Static", "1", "2"), detail("CidrIp Conditionally Static", "a", "b"))), `it may be replaced by a new one, because of CidrIp: CidrIp: "a" -> "b" may force; Also: "1" -> "2"`},
		"a policy": {
			modified("Modify", inContext(`{"Policy":{"Statement":[{"Sid":"A","Action":["a","b"]}]}}`, `{"Policy":{"Statement":[{"Sid":"A","Action":["a","c"]}]}}`)),
			`Policy.Statement[Sid="A"].Action: ["a","b"] -> ["a","c"]`,
		},
		"a secret by its name":    {modified("Modify", inContext(`{"MasterUserPassword":"old"}`, `{"MasterUserPassword":"new"}`)), `MasterUserPassword: "(sensitive)" -> "(sensitive)"`},
		"a context that is short": {modified("Modify", "<AfterContext>{&quot;Prop</AfterContext>", details(detail("A Never Static", "1", "2"))), `A: "1" -> "2"`},
	} {
		t.Run(name, func(t *testing.T) {
			aws, s := scripted(t, map[string]string{})
			aws.on("DescribeStacks", stack("UPDATE_COMPLETE"))
			aws.on("DescribeChangeSet", test.answer)
			r := s.Plan().Changes.Resources[0]
			equal(t, "attributes", toldOf(r), test.want)
			equal(t, "asked", aws.asked("DescribeChangeSet")[0].Get("IncludePropertyValues"), "true")
		})
	}
}

func toldOf(r schema.ResourceChange) string {
	var all []string
	for _, a := range r.Attributes {
		line := fmt.Sprintf("%s: %s -> %s", a.Path, a.Before, a.After)
		if a.ForcesReplacement {
			line += " forces"
		}
		if a.MayForceReplacement {
			line += " may force"
		}
		if a.Unknown {
			line += " unknown"
		}
		all = append(all, line)
	}
	line := strings.Join(all, "; ")
	if r.Reason != "" {
		line = r.Reason + ": " + line
	}
	return line
}

// Applying a plan file shows the properties as the plan did, though nothing of them is in the file.
func TestApplyingAPlanShowsItsProperties(t *testing.T) {
	aws, s := scripted(t, map[string]string{})
	s.Artifact = t.TempDir()
	aws.on("DescribeStacks", stack("UPDATE_COMPLETE"))
	aws.on("DescribeChangeSet", modified("Modify", inContext(`{"FromPort":"443"}`, `{"FromPort":"22"}`)))
	planned := s.Plan()
	aws.on("DescribeStackEvents", announcedEvents, createdEvents)
	applied := s.Apply()
	equal(t, "executed", aws.asked("ExecuteChangeSet")[0].Get("ChangeSetName"), setID)
	equal(t, "properties", toldOf(applied.Changes.Resources[0]), `FromPort: "443" -> "22"`)
	equal(t, "changes", applied.Changes, planned.Changes)
}

// What a plan file keeps of a change set names resources alone: what is in their properties can be secret.
func TestAPlanKeepsNoProperties(t *testing.T) {
	found := &schema.Changes{Change: 1, Resources: []schema.ResourceChange{{Address: "a", Action: "update", Attributes: []schema.AttributeChange{
		{Path: "a", After: schema.TextValue("canary")},
	}}}}
	text, err := json.Marshal(looked(nil, found))
	check(t, err)
	lacks(t, "kept", string(text), "canary")
	contains(t, "kept", string(text), "update")
}
