package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// patience is how long one request to a bucket may take, with all its repetitions.
const patience = 30 * time.Second

// OpenShared opens what a --store names: a URL of a bucket, or a directory, which is relative to here. Nothing is
// written there yet.
func OpenShared(ctx context.Context, name, here string) (*Shared, error) {
	u, err := url.Parse(name)
	if err != nil || u.Scheme == "" {
		if !filepath.IsAbs(name) {
			name = filepath.Join(here, name)
		}
		return openDirectory(name, name)
	}
	if u.Scheme == "file" {
		return openDirectory(filepath.FromSlash(u.Path), name)
	}
	if !slices.Contains(blob.DefaultURLMux().BucketSchemes(), u.Scheme) {
		return nil, &UnknownStoreError{Name: name, Scheme: u.Scheme}
	}
	return openBucket(ctx, u, name)
}

// UnknownStoreError says that this program knows no store of that kind.
type UnknownStoreError struct{ Name, Scheme string }

func (e *UnknownStoreError) Error() string {
	known := strings.Join(append(blob.DefaultURLMux().BucketSchemes(), "file"), ", ")
	text := fmt.Sprintf("run store %s: there is no store for %q here; known are directories and %s", e.Name, e.Scheme, known)
	if tag := map[string]string{"gs": "gcs", "azblob": "azure"}[e.Scheme]; tag != "" {
		text += fmt.Sprintf("; a bitops that is built with -tags %s has it", tag)
	}
	return text
}

func openDirectory(dir, name string) (*Shared, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open the run store %s: %w", name, err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return nil, fmt.Errorf("open the run store %s: %w", name, err)
	}
	d := directory{root: dir}
	if info.Mode().Perm()&0o020 != 0 {
		d.mode = info.Mode() & (0o770 | fs.ModeSetgid)
	}
	return newShared(d, name), nil
}

// openBucket opens a bucket. The path of its URL begins every name in it.
func openBucket(ctx context.Context, u *url.URL, name string) (*Shared, error) {
	bare := *u
	bare.Path = ""
	if u.Scheme == "s3" {
		bare.RawQuery = pathStyle(u.Query()).Encode()
	}
	b, err := blob.OpenBucket(ctx, bare.String())
	if err != nil {
		return nil, fmt.Errorf("open the run store %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	there, err := b.IsAccessible(ctx)
	if err == nil && !there {
		err = errors.New("there is no such bucket, or it may not be read")
	}
	if err != nil {
		return nil, fmt.Errorf("open the run store %s: %w", name, errors.Join(err, b.Close()))
	}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		b = blob.PrefixedBucket(b, prefix+"/")
	}
	return newShared(bucket{b}, name), nil
}

// pathStyle names buckets in the path where the endpoint is not Amazon's: names below the host of another seldom exist.
func pathStyle(q url.Values) url.Values {
	own := q.Has("endpoint") || os.Getenv("AWS_ENDPOINT_URL") != "" || os.Getenv("AWS_ENDPOINT_URL_S3") != ""
	if own && !q.Has("use_path_style") && !q.Has("s3ForcePathStyle") {
		q.Set("use_path_style", "true")
	}
	return q
}

// bucket is objects in a bucket of any provider.
type bucket struct{ *blob.Bucket }

var _ objects = bucket{}

// Read implements objects.
func (b bucket) Read(ctx context.Context, name string) ([]byte, error) {
	content, err := b.ReadAll(ctx, name)
	return content, asFile(err)
}

// Write implements objects.
func (b bucket) Write(ctx context.Context, name string, content []byte) error {
	return asFile(b.WriteAll(ctx, name, content, &blob.WriterOptions{DisableContentTypeDetection: true}))
}

// Create implements objects.
func (b bucket) Create(ctx context.Context, name string, content []byte) error {
	return asFile(b.WriteAll(ctx, name, content, &blob.WriterOptions{DisableContentTypeDetection: true, IfNotExist: true}))
}

// List implements objects.
func (b bucket) List(ctx context.Context, beginning string) ([]string, error) {
	return b.list(ctx, &blob.ListOptions{Prefix: beginning}, func(o *blob.ListObject) string { return o.Key })
}

// Folders implements objects.
func (b bucket) Folders(ctx context.Context, in string) ([]string, error) {
	names, err := b.list(ctx, &blob.ListOptions{Prefix: in, Delimiter: "/"}, func(o *blob.ListObject) string {
		if !o.IsDir {
			return ""
		}
		return strings.TrimSuffix(strings.TrimPrefix(o.Key, in), "/")
	})
	return slices.DeleteFunc(names, func(name string) bool { return name == "" }), err
}

// list reads all pages of a list.
func (b bucket) list(ctx context.Context, o *blob.ListOptions, nameOf func(*blob.ListObject) string) ([]string, error) {
	var names []string
	token := blob.FirstPageToken
	for token != nil {
		var page []*blob.ListObject
		var err error
		if page, token, err = b.ListPage(ctx, token, 1000, o); err != nil {
			return nil, err
		}
		for _, o := range page {
			names = append(names, nameOf(o))
		}
	}
	return names, nil
}

// Delete implements objects.
func (b bucket) Delete(ctx context.Context, name string) error {
	if err := asFile(b.Bucket.Delete(ctx, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// asFile turns what buckets say into what file systems say.
func asFile(err error) error {
	code := gcerrors.Code(err)
	if code == gcerrors.NotFound {
		return fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	if code == gcerrors.FailedPrecondition || code == gcerrors.AlreadyExists {
		return fmt.Errorf("%w: %w", fs.ErrExist, err)
	}
	return err
}
