package environments

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseAssignments(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"one", "a=1", "1:a=1"},
		{"several, with empty lines and comments", "a=1\n\n# note\n  # note\nb=2\n", "1:a=1|5:b=2"},
		{"a value may hold =, spaces and quotes", `a= x="y" `, `1:a= x="y" `},
		{"an empty value", "a=", "1:a="},
		{"the last of two stays last", "a=1\na=2", "1:a=1|2:a=2"},
		{"several lines", "a<<EOF\nx=1\n\n# kept\nEOF\nb=2", "1:a=x=1\n\n# kept|6:b=2"},
		{"several lines, none", "a<<EOF\nEOF", "1:a="},
		{"the closing word alone in its line", "a<<EOF\n EOF\nEOF\n", "1:a= EOF"},
		{"<< in a value", "a=b<<c", "1:a=b<<c"},
		{"Windows' line ends", "a=1\r\nb<<E\r\nx\r\ny\r\nE\r\n\r\n", "1:a=1|2:b=x\ny"},
		{"a carriage return in a value", "a=x\ry", "1:a=x\ry"},
		{"names with dashes and digits", "a-1_B=1", "1:a-1_B=1"},

		{"no =", "a=1\nsecret", "! line 2 is not name=value"},
		{"no name", "=secret", "! line 1: the name before the value is not one of letters, digits, _ and -"},
		{"a name with a space", " a=secret", "! line 1: the name before the value is not one of letters, digits, _ and -"},
		{"export", "export A=secret", "! line 1: the name before the value is not one of letters, digits, _ and -"},
		{"a name that begins with a digit", "1a=secret", "! line 1: the name before the value is not one of letters, digits, _ and -"},
		{"an open end", "a=1\nb<<EOF\nsecret", "! line 2: the value is never ended by its closing word"},
		{"no closing word", "a<<\nsecret\n\n", "! line 1: the value is never ended by its closing word"},
		{"a NUL", "a=secret\x00", "! line 1: the value holds a NUL byte"},
	} {
		got, err := parseAssignments(c.text, 1)
		var words []string
		for _, a := range got {
			words = append(words, fmt.Sprintf("%d:%s=%s", a.line, a.name, a.value))
		}
		shown := strings.Join(words, "|")
		if err != nil {
			shown = "! " + err.Error()
		}
		if shown != c.want {
			t.Errorf("%s: %q, want %q", c.name, shown, c.want)
		}
	}
}

func FuzzParseAssignments(f *testing.F) {
	for _, text := range []string{"a=1", "a<<E\nx\nE\nb=2", "a=1\r\n#\r\n", "=", "<<\n", "a<<=\n=", "\x00", "a<<b=c\nb=c"} {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, first int) {
		if first < 0 || first > 1<<30 {
			first = 1
		}
		got, err := parseAssignments(text, first)
		if err != nil {
			if len(got) > 0 || !strings.Contains(err.Error(), "line ") {
				t.Fatalf("%v, %v", got, err)
			}
			return
		}
		line := first - 1
		var again strings.Builder
		for _, a := range got {
			if !validName(a.name) || strings.Contains(a.value, "\x00") || a.line <= line || a.line > first+strings.Count(text, "\n") {
				t.Fatalf("%+v after line %d", a, line)
			}
			line = a.line
			fmt.Fprintf(&again, "%s<<THE_END_OF_IT\n%s\nTHE_END_OF_IT\n", a.name, a.value)
		}
		if strings.Contains(text, "THE_END_OF_IT") || strings.Contains(text, "\r") {
			return
		}
		same, err := parseAssignments(again.String(), 1) // written the other way, they mean the same
		if err != nil || len(same) != len(got) {
			t.Fatalf("%v, %v", same, err)
		}
		for i := range got {
			if same[i].name != got[i].name || same[i].value != got[i].value {
				t.Fatalf("%+v became %+v", got[i], same[i])
			}
		}
	})
}
