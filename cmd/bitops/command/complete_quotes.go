package command

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The script that bash gets asks bitops by evaluating the words of the line, which fails where a quote is still open. Selectors
// with a pattern or an ampersand in them are written in quotes, so for these the quote is closed, and what bitops answers goes
// back as it is: bash puts it into the open quotes.

// quoteEdits are what is changed in the script: text, and what takes its place.
var quoteEdits = []string{
	`    # Use eval to handle any environment variables and such
`, `    # Close a quote that is still open
    quote=""
    if [[ ${lastParam} == [\'\"]* && ${lastParam:1} != *"${lastParam:0:1}"* ]]; then
        quote=${lastParam:0:1}
        requestComp+=${quote}
    fi

    # Use eval to handle any environment variables and such
`,
	`    local out directive
    __bitops_get_completion_results
`, `    local out directive quote
    __bitops_get_completion_results
    if [[ -n ${quote} ]]; then
        local line
        while IFS= read -r line; do
            [[ -z ${line} ]] || COMPREPLY+=("${line%%$'\t'*}")
        done <<<"${out}"
        return 0
    fi
`,
}

// completeInQuotes makes the script for bash complete a word in quotes.
func completeInQuotes(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	bash, _, err := root.Find([]string{"completion", "bash"})
	if err != nil || bash.Name() != "bash" {
		return
	}
	bash.RunE = func(cmd *cobra.Command, _ []string) error {
		var script bytes.Buffer
		if err := cmd.Root().GenBashCompletionV2(&script, true); err != nil {
			return err
		}
		_, err := fmt.Fprint(cmd.OutOrStdout(), strings.NewReplacer(quoteEdits...).Replace(script.String()))
		return err
	}
}
