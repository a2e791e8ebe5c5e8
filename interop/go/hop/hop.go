// Package hop is what the Go peers share: they listen on a free port, say so, call the next hop and tell what they saw.
package hop

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
)

// Span is a server span as its own library knows it.
type Span struct {
	TraceID  string            `json:"traceId"`
	SpanID   string            `json:"spanId"`
	ParentID string            `json:"parentId"`
	Sampled  bool              `json:"sampled"`
	Baggage  map[string]string `json:"baggage"`
}

// Client is the span of a call to the next hop.
type Client struct {
	SpanID string `json:"spanId"`
}

// Answer is the body of a response: this hop, and what the next one answered.
type Answer struct {
	Peer   string          `json:"peer"`
	Span   Span            `json:"span"`
	Client *Client         `json:"client"`
	Next   json.RawMessage `json:"next"`
}

// Sampled is the decision that a peer makes for a trace that it begins.
func Sampled() bool { return os.Getenv("SAMPLED") == "1" }

// Serve answers GET /call by handler until stdin ends; modules are those whose versions it tells.
func Serve(handler http.Handler, modules ...string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	http.Handle("GET /call", handler)
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"port":    listener.Addr().(*net.TCPAddr).Port,
		"version": versions(modules),
	})
	go http.Serve(listener, nil)
	// Whoever started it may end without a word.
	io.Copy(io.Discard, os.Stdin)
}

// Fetch returns the body that the next hop answers.
func Fetch(client *http.Client, request *http.Request) (json.RawMessage, error) {
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s: %s", request.URL, response.Status, body)
	}
	return body, err
}

// Write sends the answer, or status 500 with the error.
func Write(w http.ResponseWriter, answer Answer, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(answer)
}

func versions(modules []string) string {
	var told []string
	if info, ok := debug.ReadBuildInfo(); ok {
		told = append(told, strings.Replace(info.GoVersion, "go", "Go ", 1))
		for _, dependency := range info.Deps {
			if slices.Contains(modules, dependency.Path) {
				name := dependency.Path[strings.LastIndex(dependency.Path, "/")+1:]
				told = append(told, name+" "+strings.TrimPrefix(dependency.Version, "v"))
			}
		}
	}
	return strings.Join(told, ", ")
}
