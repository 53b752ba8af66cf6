// Package cloudformation is the tool that deploys a CloudFormation template as a stack, by AWS's API.
//
// Everything goes through a change set:
//
//	read bitops.config.yaml, the template and the parameter files of the workspace
//	ValidateTemplate                     unless validate-cfn is false
//	DescribeStacks                       missing, at rest, or something is going on
//	CreateChangeSet, DescribeChangeSet   what would change; nothing: the step is unchanged
//
//	Plan      shows the change set and deletes it
//	Apply     executes it, shows the stack's events as they come, reads the outputs
//	Destroy   DeleteStack, and the events likewise
//
// # Stacks that are not at rest
//
// A stack whose creation failed (ROLLBACK_COMPLETE) can only be deleted: Apply does that and creates it anew. A stack
// that is being changed is somebody else's business and fails the step, unless the change was begun by this very step in
// an earlier run that was interrupted: operations carry a request token that says so (session.token). Then that is
// waited for first. An interrupted step stops waiting; the stack goes on in AWS.
//
// # Values of parameters
//
// A parameter gets the first of these:
//
//	the input of its name                 the manifest says so
//	the parameter file, merged files      the environment says so
//	an offered value of its name          a dependency left it behind
//	the template's default
//	the stack's present value             where the template has no default
//
// `aws cloudformation deploy` puts the present value before the default. Here the repository is what counts: a default
// that is edited in the template takes effect, as it did with BitOps, and what was changed by hand is changed back.
//
// # Secrets
//
// Values of parameters with NoEcho and of sensitive inputs appear in no event and no error, whatever CloudFormation
// answers. Outputs that refer to such a parameter, or hold such a value, are sensitive.
//
// # AWS's settings
//
// They come from the step's variables, which differ from bitops' own where the manifest's env or a hook says so
// (account.go, which also says what the SDK still takes from the process).
package cloudformation
