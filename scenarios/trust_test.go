package scenarios

import (
	"strings"
	"testing"
)

func TestTrust(t *testing.T) {
	pin := strings.Repeat("AB:", 31) + "AB"
	text := func(endpoint string) []byte {
		return []byte("version: 1\ncredits: {key: env:K}\nload: {phases: [{for: 1s, rate: 1/s}]}\n" +
			"network: {endpoints: [{" + endpoint + "}]}\n")
	}
	s, err := Parse(text(`url: "https://h/v2", pin: "`+pin+`"`), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Network.Endpoints[0].Pin; got != strings.Repeat("ab", 32) {
		t.Errorf("pin %q", got)
	}
	for endpoint, want := range map[string]string{
		`url: "http://h", ca: x.pem`:                      "x.yaml:4:45: ca: goes with an https URL only",
		`url: "https://h", pin: abcd`:                     `x.yaml:4:47: pin: "abcd" is not the SHA-256 of a certificate`,
		`url: "https://h", ca: x.pem, pin: "` + pin + `"`: "x.yaml:4:58: pin: excludes ca",
	} {
		if _, err := Parse(text(endpoint), "x.yaml"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s:\n got %v\nwant %s", endpoint, err, want)
		}
	}
}
