// Package terraform is the tool that deploys a directory of terraform or OpenTofu configuration.
//
// Every operation begins alike and then needs as few processes as the answer allows:
//
//	read bitops.config.yaml and the *.tf files of the workspace
//	terraform version                  once for each program, not for each step
//	terraform init                     then the lock file goes back to the checkout
//	terraform workspace select         only where another workspace is wanted
//
//	Apply         apply -json          its last message holds the outputs
//	              output -json         only when one of them is sensitive
//	Plan          plan -json
//	              show -json           only when something changes (unchanged.go)
//	Outputs       output -json
//	Deployed      state pull
//
// terraform's -json messages are read line by line (stream.go): people see the text in them, a failure shows the
// diagnostics, and the values of outputs go nowhere but into the Result. What `output`, `show` and `state pull` print
// is never logged, because they hold secrets in clear.
//
// Local state lives in the checkout, beside the files, as when terraform is run by hand. A generated override file in
// the workspace says so (state.go), with a relative path, so that it means the same in any checkout.
package terraform
