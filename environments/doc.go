// Package environments is one step, first hook to last: it takes a step of the plan and its values, and returns what
// became of it.
//
//	prepare the workspace          (once per environment and run)
//	build the step's environment   (a fresh map: nothing of one step reaches another)
//	before hooks                   -> may add variables and outputs
//	tool: plan, apply or destroy   -> changes, outputs
//	after hooks                    (apply and destroy, when the tool succeeded)
//	on-failure hooks               (when something failed)
//
// Each tool is a Tool in a package of its own and knows neither the lifecycle nor another tool. A failure is a Result
// with an outcome, not an error: only the executor decides what it means for others.
package environments
