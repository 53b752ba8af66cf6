package docs_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/bitops-engine/bitops/cmd/bitops/command"
	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/environments/process"
	"github.com/bitops-engine/bitops/environments/terraform"
)

// world is main's, without a person.
func world(p *printed) *command.World {
	return &command.World{
		In: strings.NewReader(""), Out: &p.out, Err: &p.err, Environ: os.Environ(), Version: "test",
		Tools: []environments.Tool{terraform.New()}, Runner: process.Local{},
	}
}

// bitops runs a command line.
func bitops(ctx context.Context, args ...string) (string, error) {
	p := &printed{}
	w := world(p)
	err := command.Execute(ctx, w, args)
	if err != nil {
		command.Report(w, err)
	}
	return p.String(), err
}

// commandLine is the whole of it, with the commands and flags that cobra adds by itself.
func commandLine() *cobra.Command {
	top := command.New(world(&printed{}))
	top.InitDefaultHelpCmd()
	top.InitDefaultCompletionCmd()
	top.InitDefaultVersionFlag()
	for _, cmd := range append(top.Commands(), top) {
		cmd.InitDefaultHelpFlag()
	}
	return top
}

// commands.md is made from the help texts.
func TestCommandsPage(t *testing.T) {
	p := page{file: "commands.md"}
	if text, err := os.ReadFile(p.file); err == nil {
		p.text = string(text)
	}
	same(t, &p, 0, len(p.text), commandsPage(commandLine()))
}

func commandsPage(top *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Made from the help texts by `go test ./docs -update`. Edit those. -->\n\n| command | |\n|---|---|\n")
	for _, cmd := range top.Commands() {
		if isDocumented(cmd) {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", cmd.CommandPath(), slug(cmd.CommandPath()), cmd.Short)
		}
	}
	b.WriteString("\nWhat the exit codes mean, and what to do, is in [exit codes](exit-codes.md).\n")
	b.WriteString("`bitops completion` writes scripts that complete commands and flags in a shell, and what they\n" +
		"take: environments, steps, runs that this checkout knows, plan files.\n\n## bitops\n\n")
	b.WriteString(help(top.Long) + flags("Flags of every command", top.PersistentFlags()))
	for _, cmd := range top.Commands() {
		if !isDocumented(cmd) {
			continue
		}
		text := cmd.Long
		if text == "" {
			text = cmd.Short
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s```text\n%s\n```\n", cmd.CommandPath(), help(text), cmd.UseLine())
		if cmd.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
		}
		own := cmd.NonInheritedFlags()
		own.Lookup("help").Hidden = true
		b.WriteString(flags("", own))
	}
	return b.String()
}

func isDocumented(cmd *cobra.Command) bool {
	return cmd.IsAvailableCommand() && cmd.Name() != "completion" && cmd.Name() != "help"
}

// help is a help text as a block, without the exit codes, which all commands share.
func help(long string) string {
	text, _, _ := strings.Cut(long, "\n\nEXIT STATUS")
	return "```text\n" + strings.TrimSpace(text) + "\n```\n\n"
}

func flags(title string, set *pflag.FlagSet) string {
	if !set.HasAvailableFlags() {
		return ""
	}
	if title != "" {
		title += ":\n\n"
	} else {
		title = "\n"
	}
	return title + "```text\n" + set.FlagUsages() + "```\n"
}

var (
	mentioned = regexp.MustCompile(`(?:^|[\s"'(]|\./cmd/)bitops((?: +[^\s|;&#)"]+)+)`)
	longFlag  = regexp.MustCompile("^--[a-z][a-z-]*")
)

// Every command and every flag that a page mentions exists.
func TestMentionedCommandsExist(t *testing.T) {
	top := commandLine()
	for _, p := range pages(t) {
		if p.file == "commands.md" {
			continue
		}
		blocks, prose := p.fences()
		var texts []string
		for _, b := range blocks {
			if lang, _, _ := strings.Cut(b.language, " "); lang == "sh" || lang == "bash" || lang == "yaml" {
				texts = append(texts, strings.Split(b.text, "\n")...)
			}
		}
		for _, span := range codeSpan.FindAllString(prose, -1) {
			span = strings.Trim(span, "`")
			texts = append(texts, span)
			if name := longFlag.FindString(span); name != "" && !flagExists(top, name) {
				t.Errorf("%s: no command has the flag %s", p.file, name)
			}
		}
		for _, text := range texts {
			for _, m := range mentioned.FindAllStringSubmatch(text, -1) {
				if err := checkMention(top, strings.Fields(m[1])); err != nil {
					t.Errorf("%s: bitops%s: %v", p.file, m[1], err)
				}
			}
		}
	}
}

func flagExists(top *cobra.Command, name string) bool {
	for _, cmd := range append(top.Commands(), top) {
		if cmd.Flag(strings.TrimPrefix(name, "--")) != nil {
			return true
		}
	}
	return false
}

// checkMention looks up the words behind bitops. A placeholder such as <command> stands for any.
func checkMention(top *cobra.Command, words []string) error {
	cmd := top
	if !strings.HasPrefix(words[0], "-") && !strings.HasPrefix(words[0], "<") {
		found, _, err := top.Find(words[:1])
		if err != nil || found == top {
			return fmt.Errorf("there is no command %s", words[0])
		}
		cmd, words = found, words[1:]
	}
	for _, word := range words {
		name, _, _ := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(name, "--"):
			if cmd.Flag(strings.TrimPrefix(name, "--")) == nil && cmd.InheritedFlags().Lookup(name[2:]) == nil {
				return fmt.Errorf("%s has no flag %s", cmd.Name(), name)
			}
		case strings.HasPrefix(name, "-") && len(name) == 2:
			if cmd.Flags().ShorthandLookup(name[1:]) == nil && cmd.InheritedFlags().ShorthandLookup(name[1:]) == nil {
				return fmt.Errorf("%s has no flag %s", cmd.Name(), name)
			}
		}
	}
	return nil
}
