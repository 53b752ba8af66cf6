package helm

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/resource"
)

// quantities are the mappings of Kubernetes' own kinds whose values are amounts of something: 1000m is 1.
var quantities = map[string]bool{
	"capacity": true, "default": true, "defaultRequest": true, "hard": true, "limits": true, "max": true, "min": true,
	"overhead": true, "requests": true,
}

// sameQuantity reports whether two values are the same amount.
func sameQuantity(a, b any) bool {
	if a == nil || b == nil {
		return false
	}
	p, err := resource.ParseQuantity(fmt.Sprint(a))
	if err != nil {
		return false
	}
	q, err := resource.ParseQuantity(fmt.Sprint(b))
	return err == nil && p.Cmp(q) == 0
}
