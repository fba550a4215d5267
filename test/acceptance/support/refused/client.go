// Sends each request of a JSON list on standard input with net/http, and prints the statuses as a JSON list.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type request struct {
	Host, Method, Target string
	Headers              map[string]string
	Bytes                int
}

func send(r request) any {
	outgoing, err := http.NewRequest(r.Method, "http://"+r.Host+r.Target, bytes.NewReader(make([]byte, r.Bytes)))
	if err != nil {
		return err.Error()
	}
	for name, value := range r.Headers {
		outgoing.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(outgoing)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

func main() {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		panic(err)
	}
	statuses := []any{}
	for _, r := range requests {
		statuses = append(statuses, send(r))
	}
	json.NewEncoder(os.Stdout).Encode(statuses)
}
