// Package helm is the tool that deploys a chart as a release.
//
// A directory of charts has a step for each chart in it (Deployments). An operation needs these processes:
//
//	helm version                      once for each program, not for each step
//	aws eks update-kubeconfig         only where the cluster's name is configured
//	helm dependency update            only where a chart with dependencies is rendered; build, when it has a lock file
//	helm status                       the release as it is: missing, deployed, or left half done; and its objects
//
//	helm template                     only where the chart has crds/ and the release is there: what does the cluster lack?
//
//	Plan      upgrade --dry-run       rendered with the cluster's help, compared with the release
//	Apply     upgrade --dry-run       only where the release is deployed: is there anything to do?
//	          upgrade --install
//	Destroy   uninstall
//	Deployed  (nothing more)
//
// # What is a change
//
// The objects of the release's manifest are compared with those that the chart renders now (compare.go), and what is
// declared with the objects in the cluster (drift.go): what somebody edited or deleted there is put back. What helm
// printed of the live objects is compared first (difference.go), and only where that differs, the API server is asked
// what it would make of the object (outlook.go). Where nothing differs, apply makes no new revision: hooks of the chart do
// not run then. What helm would only note down beside the objects - another chart version, values that no template uses -
// is no change. With `force`, apply always upgrades.
//
// A hook counts where helm runs it. The others are only remembered by the release; one that changes makes a new revision.
//
// A release that is left half done, by a failure or by a helm that was killed, is repaired first: rolled back to the
// revision that was deployed last, or removed when there never was one. Then the chart is deployed.
//
// What a failed upgrade has changed is found out from the cluster (done.go).
//
// # Values
//
// Later ones win (values.go):
//
//	values.yaml             of the default folder, then of the step
//	values-versions.yaml    likewise
//	values-secrets.yaml     from HELM_SECRETS_BASE64, or the step's file
//	values-files/*          of the default folder, then of the step
//	offered values          only where the files name the key and leave it empty
//	inputs                  `image.tag` is the key tag under image
//	cli.set                 as a file like the others, except for whole numbers (setvalues.go)
//
// # Secrets
//
// What helm prints as JSON holds values and Secrets in clear: it is read and never logged. Values reach helm in files
// that only the user can read. Of a Secret that changes, the keys are told and nothing else.
package helm
