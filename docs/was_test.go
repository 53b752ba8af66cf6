package docs_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// faults are what BitOps got wrong and repositories no longer have to live with, each with the tests that would fail if it
// came back: functions, all called TestWas, and stories with _was_ in their names.
var faults = map[string]string{
	"local state lost with every run":                            "TestWasLocalStateLostWithEveryRun",
	"temporary directories with secrets left behind":             "TestWasSecretsLeftInTemporaryDirectories TestWasSecretsOfAKilledRunLeftBehind",
	"a crash on broken links, odd names and unreadable files":    "TestWasACrashOnOddFiles TestWasACrashOnUnreadableFiles",
	"a misspelled environment ends with exit code 0":             "deploy_was_misspelled_exit_0",
	"variables of one step in the next":                          "TestWasVariablesSharedByAllSteps TestWasSecondTerraformRanInTheFirstOnesWorkspace TestWasEnvironShared TestWasVariablesOfOneStepInTheNext",
	"a README among the hooks ends with exit code 126":           "TestWasWhatIsNoHookExit126",
	"edits that hooks make to the configuration ignored":         "TestWasEditsOfHooksIgnored",
	"no configuration file ends with exit code 2":                "TestWasNoConfigurationExit2",
	"only an undocumented variable overrides":                    "TestWasOnlyAnUndocumentedVariableOverrode TestWasAnUndocumentedVariableOnlyOverrides",
	"false, 0 and the empty text ignored":                        "TestWasFalseAndZeroIgnored TestWasNothingCouldOverrideATrueDefault",
	"required and false read as missing":                         "TestWasRequiredAndFalseMissing",
	"false in quotes is true":                                    "TestWasQuotedFalseTrue TestWasFalseInQuotesWasTrue",
	"a text in a list split into characters":                     "TestWasAStringInAListSplitIntoCharacters TestWasAStringSplitIntoCharacters",
	"a wrong type is a traceback":                                "TestWasAWrongTypeATraceback TestWasAWrongTypeWasATraceback",
	"lists and objects dropped from the command line":            "TestWasListsAndObjectsDropped",
	"extra-vars become a second playbook":                        "TestWasExtraVarsASecondPlaybook TestWasAValueWithASpaceTwoArguments",
	"a key called type or default lost":                          "TestWasAKeyCalledTypeOrDefaultLost",
	"var-file and backend-config dropped":                        "TestWasVarFileAndBackendConfigDropped",
	"applied, and then destroyed":                                "TestWasApplyThenDestroyed",
	"an unknown stack-action ends with exit code 0":              "TestWasUnknownStackActionExitZero",
	"values-versions.yaml of the defaults never used":            "TestWasDefaultValuesVersionsNeverUsed",
	"a failed release rolled back, and the chart never deployed": "TestWasAFailedReleaseRolledBackAndNeverDeployed",
	"releases matched by a part of their name":                   "TestWasReleasesMatchedBySubstring",
	"a namespace created in a dry run":                           "TestWasNamespaceCreatedInDryRun",
	"CloudFormation never fails":                                 "TestWasDeployShNeverFailed",
	"a plugin's tag ignored":                                     "TestWasTheTagAlwaysIgnored",
	"a plugin's script must be executable":                       "TestWasNotExecutableAnError",
	"a plugin's failure is none":                                 "TestWasAFailedScriptNoFailure",
	"the defaults overwrite the environment":                     "TestWasTheDefaultOverwroteTheEnvironment",
	"exit code 0 after a failure, with fail_fast off":            "deploy_was_failure_exit_0",
	"values logged": "TestWasValuesLoggedAtInfo",
	"variables dumped at DEBUG, base64 leaking through the mask": "deploy_was_variables_dumped",
}

// Every fault has its tests, and every test of that kind is of a fault.
func TestFaultsOfBitOpsHaveTests(t *testing.T) {
	there := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		base := filepath.Base(name)
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(base, ".") && base != "..":
			return filepath.SkipDir
		case strings.Contains(base, "_was_") && strings.HasSuffix(base, ".txtar"):
			there[strings.TrimSuffix(base, ".txtar")] = true
		case strings.HasSuffix(base, "_test.go"):
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for line := range bytes.Lines(text) {
				if test, ok := strings.CutPrefix(string(line), "func TestWas"); ok {
					test, _, _ = strings.Cut(test, "(")
					there["TestWas"+test] = true
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for fault, tests := range faults {
		for test := range strings.FieldsSeq(tests) {
			if !there[test] {
				t.Errorf("%s: there is no %s", fault, test)
			}
			there[test] = false
		}
	}
	for test, open := range there {
		if open {
			t.Errorf("%s is of no fault in the list", test)
		}
	}
}
