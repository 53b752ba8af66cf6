package planner

import (
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/parallel"
)

// look lists the directories of all environments: one list answers many questions for one file.
func (d *draft) look() {
	parallel.Each(len(d.environments), func(i int) {
		env := d.environments[i]
		env.files = schema.Directory{Root: d.manifest.Root, Name: env.directory}.Listed()
	})
}
