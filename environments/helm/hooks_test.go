package helm

import "testing"

// Of v2's helm plugin: scripts/before-deploy.sh and scripts/after-deploy.sh ask [[ -x "$script" ]].
func TestHooksThatAreNotExecutableAreLeftOut(t *testing.T) {
	if why := New().LeftOut(0o755); why != "" {
		t.Errorf("an executable hook %s", why)
	}
	if New().LeftOut(0o644) == "" {
		t.Error("BitOps did not run a hook that is not executable")
	}
}
