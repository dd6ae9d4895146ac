package scenarios

import "testing"

// What is listened on is loopback unless another host is written.
func TestListen(t *testing.T) {
	for text, want := range map[string]string{
		"':8140'": "127.0.0.1:8140", "127.0.0.1:0": "127.0.0.1:0", "localhost:8140": "localhost:8140",
		"0.0.0.0:8140": "0.0.0.0:8140", "'[::1]:8140'": "[::1]:8140", "load.example:1": "load.example:1",
	} {
		s, err := Parse([]byte(minimal+"observe: {live_feed: {listen: "+text+"}}\n"), "x.yaml")
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := s.Observe.LiveFeed.Listen; got != want {
			t.Errorf("%s is %s, want %s", text, got, want)
		} else if s.SHA256() != mustParse(t, minimal).SHA256() {
			t.Errorf("%s: it is a part of the hash, which is of the load", text)
		}
	}
}
