// A driver program for the AWS SDK for Go: see openProgram() in harness/program.ts.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
)

// args are the arguments of all verbs; each uses some of them.
type args struct {
	Bucket, Key, File, To, Prefix, Method, Range, IfMatch, IfNoneMatch, SSEKey string

	Headers   headers
	Operation string
	Params    json.RawMessage
	Tags      map[string]string
}

// headers are those of an upload and of the answer to HEAD.
type headers struct {
	ContentType        string            `json:"contentType,omitempty"`
	CacheControl       string            `json:"cacheControl,omitempty"`
	ContentDisposition string            `json:"contentDisposition,omitempty"`
	ContentLanguage    string            `json:"contentLanguage,omitempty"`
	Metadata           map[string]string `json:"metadata,omitempty"`
}

type verb func(ctx context.Context, a args) (any, error)

func main() {
	ctx := context.Background()
	verbs, err := connect(ctx)
	if err != nil {
		log.Fatal(err)
	}
	answers := json.NewEncoder(os.Stdout)
	answers.Encode(map[string]any{"verbs": slices.Collect(maps.Keys(verbs))})
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		answers.Encode(answer(ctx, verbs, requests.Bytes()))
	}
}

func answer(ctx context.Context, verbs map[string]verb, line []byte) map[string]any {
	var request struct {
		Verb string
		Args args
	}
	if err := json.Unmarshal(line, &request); err != nil {
		return map[string]any{"error": err.Error()}
	}
	value, err := verbs[request.Verb](ctx, request.Args)
	if err != nil {
		return map[string]any{"error": fmt.Sprint(err)}
	}
	return map[string]any{"ok": value}
}
