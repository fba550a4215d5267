package main

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type client struct {
	s3        *s3.Client
	transfers *transfermanager.Client
}

// connect takes the endpoint, the region and the keys from the environment.
func connect(ctx context.Context) (map[string]verb, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	api := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	c := client{s3: api, transfers: transfermanager.New(api)}
	return map[string]verb{
		"createBucket": c.createBucket,
		"deleteBucket": c.deleteBucket,
		"listBuckets":  c.listBuckets,
		"put":          c.put,
		"get":          c.get,
		"head":         c.head,
		"list":         c.list,
		"copy":         c.copy,
		"delete":       c.delete,
		"deleteAll":    c.deleteAll,
		"attributes":   c.attributes,
		"rename":       c.rename,
		"deleteIf":     c.deleteIf,
		"call":         c.call,
		"presign":      c.presign,
		"setTags":      c.setTags,
		"getTags":      c.getTags,
	}, nil
}

func (c client) createBucket(ctx context.Context, a args) (any, error) {
	_, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &a.Bucket})
	return nil, err
}

func (c client) deleteBucket(ctx context.Context, a args) (any, error) {
	_, err := c.s3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &a.Bucket})
	return nil, err
}

func (c client) listBuckets(ctx context.Context, a args) (any, error) {
	names := []string{}
	pages := s3.NewListBucketsPaginator(c.s3, &s3.ListBucketsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, bucket := range page.Buckets {
			names = append(names, *bucket.Name)
		}
	}
	return names, nil
}

func (c client) put(ctx context.Context, a args) (any, error) {
	file, err := os.Open(a.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	algorithm, key, keyMD5 := customerKey(a.SSEKey)
	_, err = c.transfers.UploadObject(ctx, &transfermanager.UploadObjectInput{
		Bucket:               &a.Bucket,
		Key:                  &a.Key,
		Body:                 file,
		ContentType:          given(a.Headers.ContentType),
		CacheControl:         given(a.Headers.CacheControl),
		ContentDisposition:   given(a.Headers.ContentDisposition),
		ContentLanguage:      given(a.Headers.ContentLanguage),
		Metadata:             a.Headers.Metadata,
		IfMatch:              given(a.IfMatch),
		IfNoneMatch:          given(a.IfNoneMatch),
		SSECustomerAlgorithm: algorithm,
		SSECustomerKey:       key,
		SSECustomerKeyMD5:    keyMD5,
	})
	return nil, err
}

// get downloads a range with one request, and a whole object in parallel pieces.
func (c client) get(ctx context.Context, a args) (any, error) {
	file, err := os.Create(a.File)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	algorithm, key, keyMD5 := customerKey(a.SSEKey)
	if a.Range == "" {
		_, err = c.transfers.DownloadObject(ctx, &transfermanager.DownloadObjectInput{
			Bucket: &a.Bucket, Key: &a.Key, WriterAt: file,
			SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: keyMD5,
		})
		return nil, err
	}
	object, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.Bucket, Key: &a.Key, Range: &a.Range})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	_, err = io.Copy(file, object.Body)
	return nil, err
}

func (c client) head(ctx context.Context, a args) (any, error) {
	head, err := c.s3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.Bucket, Key: &a.Key})
	if err != nil {
		return nil, err
	}
	return struct {
		Size int64 `json:"size"`
		headers
	}{*head.ContentLength, headers{
		ContentType:        aws.ToString(head.ContentType),
		CacheControl:       aws.ToString(head.CacheControl),
		ContentDisposition: aws.ToString(head.ContentDisposition),
		ContentLanguage:    aws.ToString(head.ContentLanguage),
		Metadata:           head.Metadata,
	}}, nil
}

func (c client) list(ctx context.Context, a args) (any, error) {
	keys := []string{}
	err := c.eachPage(ctx, a, func(page []types.Object) error {
		for _, object := range page {
			keys = append(keys, *object.Key)
		}
		return nil
	})
	return keys, err
}

func (c client) copy(ctx context.Context, a args) (any, error) {
	source := a.Bucket + "/" + url.PathEscape(a.Key)
	_, err := c.s3.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &a.Bucket, Key: &a.To, CopySource: &source})
	return nil, err
}

func (c client) delete(ctx context.Context, a args) (any, error) {
	_, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &a.Bucket, Key: &a.Key})
	return nil, err
}

func (c client) deleteAll(ctx context.Context, a args) (any, error) {
	return nil, c.eachPage(ctx, a, func(page []types.Object) error {
		objects := []types.ObjectIdentifier{}
		for _, object := range page {
			objects = append(objects, types.ObjectIdentifier{Key: object.Key})
		}
		deleted, err := c.s3.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &a.Bucket, Delete: &types.Delete{Objects: objects}})
		if err == nil && len(deleted.Errors) > 0 {
			err = fmt.Errorf("%s: %s", *deleted.Errors[0].Key, *deleted.Errors[0].Code)
		}
		return err
	})
}

func (c client) eachPage(ctx context.Context, a args, use func([]types.Object) error) error {
	pages := s3.NewListObjectsV2Paginator(c.s3, &s3.ListObjectsV2Input{Bucket: &a.Bucket, Prefix: &a.Prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		if err := use(page.Contents); err != nil {
			return err
		}
	}
	return nil
}

func (c client) setTags(ctx context.Context, a args) (any, error) {
	tags := []types.Tag{}
	for name, value := range a.Tags {
		tags = append(tags, types.Tag{Key: &name, Value: &value})
	}
	_, err := c.s3.PutObjectTagging(ctx, &s3.PutObjectTaggingInput{Bucket: &a.Bucket, Key: &a.Key, Tagging: &types.Tagging{TagSet: tags}})
	return nil, err
}

func (c client) getTags(ctx context.Context, a args) (any, error) {
	found, err := c.s3.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: &a.Bucket, Key: &a.Key})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range found.TagSet {
		tags[*tag.Key] = *tag.Value
	}
	return tags, nil
}

func (c client) attributes(ctx context.Context, a args) (any, error) {
	wanted := []types.ObjectAttributes{types.ObjectAttributesEtag, types.ObjectAttributesObjectSize, types.ObjectAttributesObjectParts}
	found, err := c.s3.GetObjectAttributes(ctx, &s3.GetObjectAttributesInput{Bucket: &a.Bucket, Key: &a.Key, ObjectAttributes: wanted})
	if err != nil {
		return nil, err
	}
	told := map[string]any{"etag": found.ETag, "size": found.ObjectSize}
	if found.ObjectParts != nil {
		sizes := []int64{}
		for _, part := range found.ObjectParts.Parts {
			sizes = append(sizes, *part.Size)
		}
		told["partSizes"] = sizes
	}
	return told, nil
}

func (c client) rename(ctx context.Context, a args) (any, error) {
	source := url.PathEscape(a.Key)
	_, err := c.s3.RenameObject(ctx, &s3.RenameObjectInput{Bucket: &a.Bucket, Key: &a.To, RenameSource: &source})
	return nil, err
}

func (c client) deleteIf(ctx context.Context, a args) (any, error) {
	_, err := c.s3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &a.Bucket, Key: &a.Key, IfMatch: &a.IfMatch})
	return nil, err
}

// call finds the operation by its name: the members of its input are named as in the API.
func (c client) call(ctx context.Context, a args) (any, error) {
	method := reflect.ValueOf(c.s3).MethodByName(a.Operation)
	input := reflect.New(method.Type().In(1).Elem())
	if err := json.Unmarshal(a.Params, input.Interface()); err != nil {
		return nil, err
	}
	answer := method.Call([]reflect.Value{reflect.ValueOf(ctx), input})
	err, _ := answer[1].Interface().(error)
	return answer[0].Interface(), err
}

func (c client) presign(ctx context.Context, a args) (any, error) {
	signer := s3.NewPresignClient(c.s3, s3.WithPresignExpires(10*time.Minute))
	if a.Method == "GET" {
		signed, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &a.Bucket, Key: &a.Key})
		return signed.URL, err
	}
	signed, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &a.Bucket, Key: &a.Key})
	return signed.URL, err
}

// customerKey is the three headers of SSE-C for a key in base64, or nothing.
func customerKey(sseKey string) (algorithm, key, keyMD5 *string) {
	if sseKey == "" {
		return nil, nil, nil
	}
	bytes, _ := base64.StdEncoding.DecodeString(sseKey)
	sum := md5.Sum(bytes)
	return aws.String("AES256"), &sseKey, aws.String(base64.StdEncoding.EncodeToString(sum[:]))
}

func given(value string) *string {
	if value == "" {
		return nil
	}
	return &value
}
