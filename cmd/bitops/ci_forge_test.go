package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// forge is what the pipelines use of the APIs of GitHub and GitLab: comments on request 7, and on GitLab a package. It refuses
// what the real ones refuse.
type forge struct {
	*httptest.Server
	mu       sync.Mutex
	comments []comment
	packages map[string][]byte
	written  int // how many comments were created
	replaced int // and how many replaced
}

// comment has the fields that both forges call the same, and who wrote it in the words of each.
type comment struct {
	ID     int    `json:"id"`
	Body   string `json:"body"`
	User   login  `json:"user"`
	Author author `json:"author"`
}

type (
	login struct {
		Login string `json:"login"`
	}
	author struct {
		ID int `json:"id"`
	}
)

// mostCharacters is how long a comment can be on GitHub.
const mostCharacters = 65_536

const (
	us  = 900 // the user of our token on GitLab
	bot = "github-actions[bot]"
)

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{packages: map[string][]byte{}}
	for i := range 130 { // people talk, on more than one page, and one of them tries to be us
		f.comments = append(f.comments, comment{ID: i + 1, Body: fmt.Sprint("<!-- bitops:plan --> not by us ", i), User: login{"mallory"}, Author: author{1}})
	}
	mux := http.NewServeMux()
	authorized := func(header, value string, h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get(header) != value {
				http.Error(w, "401", http.StatusUnauthorized)
				return
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			h(w, r)
		}
	}
	github := func(h http.HandlerFunc) http.HandlerFunc { return authorized("Authorization", "Bearer gh-token", h) }
	gitlab := func(h http.HandlerFunc) http.HandlerFunc { return authorized("PRIVATE-TOKEN", "lab-token", h) }
	mux.HandleFunc("GET /repos/o/r/issues/7/comments", github(f.list))
	mux.HandleFunc("POST /repos/o/r/issues/7/comments", github(f.create))
	mux.HandleFunc("PATCH /repos/o/r/issues/comments/{id}", github(f.replace))
	mux.HandleFunc("GET /api/v4/user", gitlab(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, `{"id":%d}`, us) }))
	mux.HandleFunc("GET /api/v4/projects/1/merge_requests/7/notes", gitlab(f.list))
	mux.HandleFunc("POST /api/v4/projects/1/merge_requests/7/notes", gitlab(f.create))
	mux.HandleFunc("PUT /api/v4/projects/1/merge_requests/7/notes/{id}", gitlab(f.replace))
	mux.HandleFunc("GET /api/v4/projects/1/repository/commits/abc/merge_requests", gitlab(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `[{"iid":7}]`) }))
	file := "/api/v4/projects/1/packages/generic/bitops-plan/abc/plan.bitops"
	mux.HandleFunc("PUT "+file, authorized("JOB-TOKEN", "job-token", func(_ http.ResponseWriter, r *http.Request) {
		f.packages[file], _ = io.ReadAll(r.Body)
	}))
	mux.HandleFunc("GET "+file, authorized("JOB-TOKEN", "job-token", func(w http.ResponseWriter, r *http.Request) {
		content, kept := f.packages[file]
		if !kept {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *forge) list(w http.ResponseWriter, r *http.Request) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(r.URL.Query().Get(name)); err == nil {
			return n
		}
		return otherwise
	}
	size := min(number("per_page", 30), 100)
	begin := min((number("page", 1)-1)*size, len(f.comments))
	_ = json.NewEncoder(w).Encode(f.comments[begin:min(begin+size, len(f.comments))])
}

func (f *forge) body(w http.ResponseWriter, r *http.Request) (text string, ok bool) {
	var sent struct{ Body string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Body == "" || utf8.RuneCountInString(sent.Body) > mostCharacters {
		http.Error(w, "body is too long, or none", http.StatusUnprocessableEntity)
		return "", false
	}
	return sent.Body, true
}

func (f *forge) create(w http.ResponseWriter, r *http.Request) {
	if text, ok := f.body(w, r); ok {
		f.written++
		f.comments = append(f.comments, comment{ID: len(f.comments) + 1, Body: text, User: login{bot}, Author: author{us}})
		w.WriteHeader(http.StatusCreated)
	}
}

func (f *forge) replace(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	at := slices.IndexFunc(f.comments, func(c comment) bool { return c.ID == id })
	if at < 0 || f.comments[at].Author.ID != us {
		http.Error(w, "it is not yours", http.StatusForbidden)
		return
	}
	if text, ok := f.body(w, r); ok {
		f.replaced++
		f.comments[at].Body = text
	}
}

// ours returns the texts of the comments that the pipelines wrote under a name, without their markers.
func (f *forge) ours(name string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, c := range f.comments {
		if text, is := strings.CutPrefix(c.Body, "<!-- bitops:"+name+" -->\n"); is && c.Author.ID == us {
			all = append(all, text)
		}
	}
	return all
}
