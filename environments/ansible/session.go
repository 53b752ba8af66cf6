package ansible

import (
	"context"
	_ "embed" // the callback plugin
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/schema"
	"github.com/bitops-engine/bitops/schema/diff"
	"github.com/bitops-engine/bitops/schema/secret"
)

//go:embed callback_plugins/bitops_report.py
var plugin []byte

// session is one call on its way through ansible.
type session struct {
	*environments.Call
	settings
	config config
	hidden hidden
}

// preview runs a playbook in check mode.
func (s *session) preview(ctx context.Context, playbook string) (environments.Result, error) {
	told, err := s.play(ctx, playbook, "--check")
	result := environments.Result{Changes: told.changes()}
	if err == nil {
		result.Outputs = told.plannedOutputs(s.secrets())
	}
	return result, err
}

// run runs a playbook in earnest, unless dryrun is set.
func (s *session) run(ctx context.Context, playbook string) (environments.Result, error) {
	told, err := s.play(ctx, playbook)
	result := environments.Result{Changes: told.changes()}
	switch {
	case err != nil:
	case s.dryRun:
		s.Notice("dryrun is set: only checked (~%d)", told.changed)
		result.Outputs = told.plannedOutputs(s.secrets())
		maps.DeleteFunc(result.Outputs, func(_ string, v schema.Value) bool { return !v.Known() })
	default:
		result.Outputs = told.values(s.secrets())
	}
	if s.dryRun {
		result.Changes = &schema.Changes{}
	}
	return result, err
}

func (s *session) nothingToDestroy() (environments.Result, error) {
	s.Notice("ansible has nothing to take down; cli.destroy-playbook can name a playbook that does")
	return environments.Result{Changes: &schema.Changes{}}, nil
}

// play runs ansible-playbook and returns what the plugin tells of it, whether it failed or not.
func (s *session) play(ctx context.Context, playbook string, args ...string) (*report, error) {
	playbooks := s.playbooks(s.Call, playbook)
	if len(playbooks) == 0 {
		return &report{}, noPlaybook(s.Directory, playbook)
	}
	if located, _ := locate(s.Directory, playbook); located != playbooks[0] {
		s.Warning("there is no playbook %s, so those of the directory run, as in BitOps v1: %s", playbook, strings.Join(playbooks, ", "))
	}
	s.tellMissing()
	p, err := s.program(playbooks, args)
	if err != nil {
		return &report{}, err
	}
	s.Phase(schema.PhaseTool, program+" "+strings.Join(playbooks, " "))
	warned := &warnings{tell: s.Warn}
	p.Warns = warned.line
	result, err := s.Run(ctx, p)
	warned.end()
	if missing, ok := errors.AsType[*process.NotFoundError](err); ok {
		return &report{}, missingProgram(missing.Error())
	}
	if err != nil {
		return &report{}, err
	}
	s.hidden.look()
	told, err := readReport(p.Extra["BITOPS_ANSIBLE_REPORT"], s.Owed)
	if err != nil {
		return told, err
	}
	told.hide(s.hidden.redactor.String)
	told.place(s.Workspace.Root)
	if !s.Command.Destroys() && !s.dryRun && !slices.Contains(args, "--check") {
		s.settle(told, result.ExitCode != 0)
	}
	for _, notice := range told.notices {
		s.Warning("%s", notice)
	}
	if result.ExitCode != 0 {
		return told, told.explain(s.Failed(p, result), result)
	}
	if !told.ended {
		s.Warning("ansible did not say what it changed: bitops' callback plugin was not loaded")
	}
	return told, nil
}

// program is one start of ansible-playbook.
func (s *session) program(playbooks, args []string) (environments.ProgramCall, error) {
	for _, source := range s.inventory {
		args = append(args, "--inventory="+source)
	}
	extraVars, err := s.extraVarsArguments()
	if err != nil {
		return environments.ProgramCall{}, err
	}
	args = slices.Concat(args, extraVars, s.arguments)
	inputs, err := s.inputArguments()
	if err != nil {
		return environments.ProgramCall{}, err
	}
	extra, err := s.ownVariables()
	if err != nil {
		return environments.ProgramCall{}, err
	}
	playbooks = slices.Clone(playbooks)
	for i, playbook := range playbooks {
		if strings.HasPrefix(playbook, "-") {
			playbooks[i] = "./" + playbook
		}
	}
	p := environments.ProgramCall{Name: program, Args: slices.Concat(args, inputs, playbooks), Extra: extra}
	p.Stdout = func(line string) {
		line = s.hidden.line(line)
		if m := banner.FindStringSubmatch(line); m != nil {
			s.Progress("%s", m[1])
		}
		s.Log("stdout", line)
	}
	return p, nil
}

// banner is how ansible announces a task.
var banner = regexp.MustCompile(`^((?:TASK|RUNNING HANDLER) \[.*\]) \*+$`)

// ownVariables are those that ansible needs beside the step's own. They are for this program alone: hooks that call
// ansible themselves get it as they know it.
func (s *session) ownVariables() (map[string]string, error) {
	plugins := filepath.Join(s.Private, "callback_plugins")
	if err := os.MkdirAll(plugins, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for the callback plugin: %w", err)
	}
	if _, err := s.PrivateFile("callback_plugins/bitops_report.py", plugin); err != nil {
		return nil, err
	}
	reported, err := s.PrivateFile("report.jsonl", nil)
	if err != nil {
		return nil, err
	}
	found, err := s.PrivateFile("hidden.jsonl", nil)
	if err != nil {
		return nil, err
	}
	s.hidden = hidden{file: found, learn: s.Hide, lines: diff.Named{Secret: secret.NameIsSecret}}
	extra := map[string]string{
		"BITOPS_ANSIBLE_HIDDEN":       found,
		"ANSIBLE_CALLBACK_PLUGINS":    plugins + ":" + s.config.callbacks,
		"ANSIBLE_LOCAL_TEMP":          filepath.Join(s.Private, "ansible"),
		"ANSIBLE_RETRY_FILES_ENABLED": "0",
		"ANSIBLE_NOCOLOR":             "1",
		"ANSIBLE_FORCE_COLOR":         "0",
		"ANSIBLE_NOCOWS":              "1",
		"BITOPS_ANSIBLE_REPORT":       reported,
	}
	// Ansible passes over the file in a directory that everybody may write to. This one is in a workspace that nobody
	// else can enter.
	if s.config.own {
		extra["ANSIBLE_CONFIG"] = s.config.file
	}
	if !speaksUTF8(s.Variables) {
		extra["LC_ALL"] = "C.UTF-8"
	}
	owed, err := s.owedFile()
	if err != nil {
		return nil, err
	}
	if owed != "" {
		extra["BITOPS_ANSIBLE_OWED"] = owed
	}
	offered, err := s.offeredFile()
	if offered != "" {
		extra["BITOPS_ANSIBLE_OFFERED"] = offered
	}
	return extra, err
}

var utf8Name = regexp.MustCompile(`(?i)utf-?8`)

// speaksUTF8 reports whether the locale is one that ansible starts with.
func speaksUTF8(v environments.Variables) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v[name] != "" {
			return utf8Name.MatchString(v[name])
		}
	}
	return false
}
