package secret_test

import (
	"errors"
	"testing"

	"github.com/bitops-engine/bitops/schema/secret"
)

func TestMasks(t *testing.T) {
	for name, c := range map[string]struct {
		rules      []secret.MaskRule
		line, want string
	}{
		"the default":                   {[]secret.MaskRule{{Search: "p=[0-9]+"}}, "a p=12 p=3", "a *** ***"},
		"a group by number":             {[]secret.MaskRule{{`(p=)\d+`, `\1#`}}, "p=12", "p=#"},
		"a group before a digit":        {[]secret.MaskRule{{`(p=)\d+`, `\g<1>0`}}, "p=12", "p=0"},
		"a group by name":               {[]secret.MaskRule{{`(?P<key>p)=\d+`, `\g<key>`}}, "p=12", "p"},
		"the whole match":               {[]secret.MaskRule{{`p`, `<\g<0>>`}}, "p", "<p>"},
		"a dollar is a dollar":          {[]secret.MaskRule{{`(p)=\d+`, `$1${1}`}}, "p=12", "$1${1}"},
		"escapes":                       {[]secret.MaskRule{{`p`, `\\1\t`}}, "p", "\\1\t"},
		"one after the other":           {[]secret.MaskRule{{"a", "b"}, {"b", "c"}}, "ab", "cc"},
		"the end of the line":           {[]secret.MaskRule{{`\d+$`, "#"}}, "1 2", "1 #"},
		"the mask that v2 ships":        {[]secret.MaskRule{{`(.*BITOPS_KUBECONFIG_BASE64.*\=)(.*\n)`, `\1*******`}}, "BITOPS_KUBECONFIG_BASE64=abc", "BITOPS_KUBECONFIG_BASE64=*******"},
		"a line end that stays is one":  {[]secret.MaskRule{{`x(\n)`, `y\1`}}, "x", "y"},
		"a rule that does not match":    {[]secret.MaskRule{{`x\n`, ""}}, "xy", "xy"},
		"case-insensitive, as in v2":    {[]secret.MaskRule{{`(?i)(token: )\S+`, `\1***`}}, "Token: abc def", "Token: *** def"},
		"a coloured match":              {[]secret.MaskRule{{`(p=)\d+`, `\1#`}}, "\x1b[1mp=\x1b[31m1\x1b[0m2", "p=#"},
		"colours stay beside a match":   {[]secret.MaskRule{{`(p=)\d+`, `\1#`}}, "\x1b[1mp=12\x1b[0m", "\x1b[1mp=#\x1b[0m"},
		"a backslash before a letter":   {[]secret.MaskRule{{`p`, `\q`}}, "p", `\q`},
		"no rules leave a line alone":   {nil, "p=12", "p=12"},
		"two digits are one group name": {[]secret.MaskRule{{`(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)`, `\10`}}, "abcdefghij", "j"},
	} {
		t.Run(name, func(t *testing.T) {
			masks, err := secret.CompileMasks(c.rules)
			if err != nil {
				t.Fatal(err)
			}
			if got := masks.Line(c.line); got != c.want {
				t.Errorf("%q became %q, want %q", c.line, got, c.want)
			}
			if masks.Empty() != (len(c.rules) == 0) {
				t.Errorf("empty: %t", masks.Empty())
			}
		})
	}
	if none := (*secret.Masks)(nil); none.Line("a") != "a" || !none.Empty() {
		t.Error("no masks change a line")
	}
}

func TestMaskErrors(t *testing.T) {
	for want, rule := range map[string]secret.MaskRule{
		"mask 2, search \"(?!a)b\": error parsing regexp: invalid or unsupported Perl syntax: `(?!` (Go's regular expressions, RE2, have no lookaround and no backreferences)": {Search: "(?!a)b"},
		`mask 2, search "(a)": the replacement "\\2" refers to the group 2, which the search does not have`:                                                                    {Search: "(a)", Replace: `\2`},
		`mask 2, search "(a)": the replacement "\\g<x>" refers to the group x, which the search does not have`:                                                                 {Search: "(a)", Replace: `\g<x>`},
	} {
		_, err := secret.CompileMasks([]secret.MaskRule{{Search: "fine"}, rule})
		var mask *secret.MaskError
		if !errors.As(err, &mask) || mask.Index != 1 || err.Error() != want {
			t.Errorf("error\n%v, want\n%s", err, want)
		}
	}
}
