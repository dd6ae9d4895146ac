package generator

import (
	"encoding/hex"

	"github.com/FactomProject/factom-load/scenarios"
)

// write turns random bytes into the content of an entry of some kind, of the
// same length. The first bytes, as many as make the entry unique, stay as they
// are, or in text and JSON are written in hex.
func write(content []byte, kind scenarios.PayloadKind, nonce int, file *scenarios.File) {
	switch kind {
	case scenarios.Text:
		writeText(content)
	case scenarios.JSON:
		random := [scenarios.ContentNonce]byte(content)
		at := copy(content, scenarios.JSONBefore)
		at += hex.Encode(content[at:], random[:])
		at += copy(content[at:], scenarios.JSONBetween)
		end := len(content) - len(scenarios.JSONAfter)
		writeWords(content[at:end])
		copy(content[end:], scenarios.JSONAfter)
	case scenarios.Zeros:
		clear(content[nonce:])
	case scenarios.FromFiles:
		copy(content[nonce:], file.Content)
	}
}

func writeText(content []byte) {
	random := [scenarios.ContentNonce]byte(content)
	rest := content[hex.Encode(content, random[:]):]
	if len(rest) > 0 {
		rest[0] = ' '
		writeWords(rest[1:])
	}
}

// writeWords writes words with spaces between them, the last one cut short. The
// random byte that stands where a word begins chooses it.
func writeWords(b []byte) {
	for len(b) > 0 {
		n := copy(b, words[b[0]%byte(len(words))])
		if b = b[n:]; len(b) > 0 {
			b[0] = ' '
			b = b[1:]
		}
	}
}

// words are 64, so that all are as likely.
var words = [...]string{
	"about", "above", "account", "after", "all", "and", "annual", "are",
	"audit", "before", "between", "block", "by", "certificate", "chain", "city",
	"contract", "copy", "county", "data", "date", "deed", "document", "each",
	"entry", "field", "for", "from", "has", "house", "in", "invoice",
	"is", "land", "ledger", "letter", "market", "member", "name", "new",
	"not", "number", "of", "office", "on", "order", "paper", "proof",
	"record", "report", "river", "sale", "school", "seal", "share", "state",
	"the", "time", "title", "to", "was", "with", "year", "yield",
}
