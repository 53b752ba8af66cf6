package cloudformation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/bitops-engine/bitops/environments"
	"github.com/bitops-engine/bitops/schema"
)

// CloudFormation's limits on the size of a template: in a request, and in a bucket.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const (
	mostInRequest = 51_200
	mostInBucket  = 1 << 20
)

// place returns the template as CloudFormation wants it: itself, or when it is too large for a request, the address of
// a copy in the bucket. The copy's name is that of its content, so that nothing which is in use is ever overwritten.
func (s *session) place(ctx context.Context) (body, address *string, err error) {
	size := len(s.template.text)
	switch {
	case size <= mostInRequest:
		return aws.String(string(s.template.text)), nil, nil
	case size > mostInBucket:
		return nil, nil, environments.Failuref("%s has %d bytes; CloudFormation takes at most %d: move a part of it into nested stacks",
			s.template.file, size, mostInBucket)
	case s.bucket == "":
		return nil, nil, environments.Failuref("%s has %d bytes; CloudFormation takes more than %d only from a bucket: set options.s3bucket",
			s.template.file, size, mostInRequest)
	}
	sum := sha256.Sum256(s.template.text)
	key := path.Join(s.prefix, hex.EncodeToString(sum[:])+path.Ext(s.template.file))
	if err := s.put(ctx, key, s.template.text); err != nil {
		return nil, nil, err
	}
	url, err := s.address(ctx, s.bucket, key)
	return nil, aws.String(url), err
}

// address returns the address of an object, as CloudFormation takes it.
func (a *account) address(ctx context.Context, bucket, key string) (string, error) {
	endpoint, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(ctx, s3.EndpointParameters{
		Bucket: aws.String(bucket), Region: aws.String(a.config.Region),
		Endpoint: a.objects.Options().BaseEndpoint, ForcePathStyle: aws.Bool(a.objects.Options().UsePathStyle),
	})
	if err != nil {
		return "", fmt.Errorf("address of the bucket %s: %w", bucket, err)
	}
	return endpoint.URI.JoinPath(key).String(), nil
}

func (s *session) put(ctx context.Context, key string, content []byte) error {
	s.Log("stdout", fmt.Sprintf("upload s3://%s/%s (%d bytes)", s.bucket, key, len(content)))
	_, err := s.objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(s.bucket), Key: aws.String(key), Body: bytes.NewReader(content),
	})
	return err
}

// validate has CloudFormation check the template.
func (s *session) validateTemplate(ctx context.Context) error {
	if !s.validate {
		return nil
	}
	s.Phase(schema.PhaseInit, "validating "+s.template.file)
	body, address, err := s.place(ctx)
	if err != nil {
		return err
	}
	_, err = s.stacks.ValidateTemplate(ctx, &cloudformation.ValidateTemplateInput{TemplateBody: body, TemplateURL: address})
	if answer, ok := errors.AsType[smithy.APIError](err); ok && answer.ErrorCode() == "ValidationError" {
		return environments.Failuref("%s is not valid: %s", s.template.file, answer.ErrorMessage())
	}
	return err
}

// publish uploads the step's files under their names, for nested stacks that the template takes from the bucket. As in
// BitOps that is done when both bucket and prefix are set. Values for parameters and bitops' own files stay here.
func (s *session) publish(ctx context.Context) error {
	if s.bucket == "" || s.prefix == "" {
		return nil
	}
	s.Phase(schema.PhaseInit, "uploading to "+s.bucket)
	return filepath.WalkDir(s.Directory, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.Directory, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case s.private(name) && entry.IsDir():
			return fs.SkipDir
		case s.private(name) || !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return s.put(ctx, path.Join(s.prefix, name), content)
	})
}

// private reports whether a file of the step's directory is nobody else's business.
func (s *session) private(name string) bool {
	base := path.Base(name)
	return base != "." && strings.HasPrefix(base, ".") ||
		strings.HasPrefix(base, "bitops.") || strings.HasPrefix(base, "bitops-") || base == "ENV_FILE" ||
		s.parameters.name != "" && name == path.Clean(s.parameters.name) ||
		s.merged.name != "" && name == path.Clean(s.merged.name)
}
