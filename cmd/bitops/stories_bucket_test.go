package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"
)

// inBucket is the key of a story's storage.
type inBucket struct{}

// storage is an imitation of S3 in this process, whose one bucket can go away in the middle of a story.
type storage struct {
	backend gofakes3.Backend
	away    atomic.Bool
}

// sharedBucket is the name of the bucket.
const sharedBucket = "shared"

// bucket starts the storage, or does something to it.
func bucket(ts *testscript.TestScript, neg bool, args []string) {
	s, started := ts.Value(inBucket{}).(*storage)
	switch {
	case neg || len(args) == 0 && s.backend != nil || len(args) > 0 && s.backend == nil || !started:
		ts.Fatalf("usage: bucket, and then bucket away|back|save DIR")
	case len(args) == 0:
		s.start(ts)
	case args[0] == "away", args[0] == "back":
		s.away.Store(args[0] == "away")
	case args[0] == "save" && len(args) == 2:
		s.save(ts, ts.MkAbs(args[1]))
	default:
		ts.Fatalf("bucket does not know %q", args)
	}
}

func (s *storage) start(ts *testscript.TestScript) {
	s.backend = s3mem.New()
	ts.Check(s.backend.CreateBucket(sharedBucket))
	handler := gofakes3.New(s.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.away.Load() {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		handler.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("AWS_ENDPOINT_URL", server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "test")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	ts.Setenv("AWS_REGION", "us-east-1")
	ts.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

// save writes everything that is in the bucket into a directory.
func (s *storage) save(ts *testscript.TestScript, dir string) {
	list, err := s.backend.ListBucket(sharedBucket, &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
	ts.Check(err)
	for _, item := range list.Contents {
		object, err := s.backend.GetObject(sharedBucket, item.Key, nil)
		ts.Check(err)
		text, err := gofakes3.ReadAll(object.Contents, object.Size)
		ts.Check(err)
		file := filepath.Join(dir, filepath.FromSlash(item.Key))
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
		ts.Check(os.WriteFile(file, text, 0o644))
	}
}
