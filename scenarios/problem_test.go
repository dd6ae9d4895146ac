package scenarios

import (
	"errors"
	"strings"
	"testing"
)

// problems has one scenario for each way to be wrong, and the whole text that its
// user reads.
var problems = []struct {
	name string
	text string
	want string
}{
	{"empty", "", `
x.yaml:1:1: the scenario is empty
    hint: the smallest one is: version: 1, and load: {phases: [{for: 60s, rate: 50/s}]}`},
	{"comments only", "# nothing\n", `
x.yaml:1:1: the scenario is empty
    hint: the smallest one is: version: 1, and load: {phases: [{for: 60s, rate: 50/s}]}`},
	{"not a mapping", "- version: 1\n", `
x.yaml:1:1: must be a mapping of keys to values, is a list
    hint: keys here: version, name, description, seed, network, credits, workload, load, submit, queries, hostile, confirm, observe, thresholds, abort_on, abort_grace, record, compare`},

	// YAML.
	{"open bracket", minimal + "network: {local: {}\n", `
x.yaml:3:10: not valid YAML: could not find flow mapping end token '}'
    hint: check the indentation, the brackets and the quotes of this line and of the one above it`},
	{"open quote", minimal + "name: 'x\n", `
x.yaml:3:7: not valid YAML: could not find end character of single-quoted text
    hint: check the indentation, the brackets and the quotes of this line and of the one above it`},
	{"tab", "version: 1\nload:\n\tphases: []\n", `
x.yaml:3:1: not valid YAML: a tab in the indentation
    hint: indent with spaces`},
	{"colon in text", "version: 1\ndescription: a: b\n", `
x.yaml:2:14: not valid YAML: mapping value is not allowed in this context
    hint: put text that has ": " in it in quotes`},
	{"reserved", "version: 1\nname: @x\n", `
x.yaml:2:7: not valid YAML: '@' is a reserved character
    hint: put the text in quotes`},
	{"indentation", "version: 1\nload:\n  arrival: poisson\n phases: []\n", `
x.yaml:4:2: not valid YAML: value is not allowed in this context
    hint: check the indentation, the brackets and the quotes of this line and of the one above it`},
	{"two documents", minimal + "---\n" + minimal, `
x.yaml:3:1: a scenario file has one document
    hint: put each scenario in a file of its own`},
	{"alias bomb", "version: 1\na: &a [x, x]\nb: &b [*a, *a]\n", `
x.yaml:2:4: anchors, aliases and merge keys are not part of the scenario format
    hint: write the value out in each place; put text that begins with & or * in quotes
x.yaml:3:4: anchors, aliases and merge keys are not part of the scenario format
    hint: write the value out in each place; put text that begins with & or * in quotes
x.yaml:3:8: anchors, aliases and merge keys are not part of the scenario format
    hint: write the value out in each place; put text that begins with & or * in quotes
x.yaml:3:12: anchors, aliases and merge keys are not part of the scenario format
    hint: write the value out in each place; put text that begins with & or * in quotes`},
	{"tag", "version: !!str 1\n", `
x.yaml:1:10: tags are not part of the scenario format
    hint: leave it out; put text that begins with ! in quotes`},
	{"directive", "%YAML 1.2\n---\nversion: 1\n", `
x.yaml:1:1: directives are not part of the scenario format
    hint: leave it out; put text that begins with % in quotes`},
	{"complex key", "? version\n: 1\n", `
x.yaml:1:1: keys marked with "?" are not part of the scenario format
    hint: write key: value`},
	{"long line", minimal + "# " + strings.Repeat("x", 1<<16) + "\n", `
x.yaml:3:1: a line of more than 65536 characters
    hint: is this the right file?`},
	{"many tokens", strings.Repeat("a: 1\n", 40_000), `
x.yaml:33334:2: more than 100000 values and signs
    hint: is this the right file?`},
	{"brackets without end", "version: " + strings.Repeat("[", 1<<15), `
x.yaml:1:26: lists and mappings are nested more than 16 deep
    hint: is this the right file?`},
	{"dashes without end", strings.Repeat("- ", 1<<14), `
x.yaml:1:33: lists and mappings are nested more than 16 deep
    hint: is this the right file?`},
	{"not text", "version: 1\nname: a\xff\n", `
x.yaml:2:8: not UTF-8 text
    hint: save the file as UTF-8`},
	{"control character", "version: 1\nname: \x1b[31m\n", `
x.yaml:2:7: control character U+001B
    hint: remove it`},

	// Keys.
	{"version missing", "load: {phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:1:1: version is missing
    hint: begin the file with version: 1`},
	{"version", "version: 2\nload: {phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:1:10: version: version 2 is not supported
    hint: this program reads version 1`},
	{"load missing", "# first\nversion: 1\n", `
x.yaml:2:1: load is missing
    hint: a load is a list of phases: phases: [{for: 60s, rate: 50/s}]`},
	{"phases missing", "version: 1\nload:\n  arrival: poisson\n", `
x.yaml:2:1: load: phases is missing
    hint: a load is a list of phases: phases: [{for: 60s, rate: 50/s}]`},
	{"no value", "version: 1\nload:\nseed:\n", `
x.yaml:2:1: load has no value
    hint: give it one, or leave the key out
x.yaml:3:1: seed has no value
    hint: give it one, or leave the key out`},
	{"misspelt", minimal + "thershold: []\n", `
x.yaml:3:1: unknown key thershold
    hint: did you mean thresholds?`},
	{"dash for underscore", "version: 1\nload: {in-flight: 3, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:8: load: unknown key in-flight
    hint: did you mean in_flight?`},
	{"unknown", "version: 1\nload:\n  clients: 5\n  phases: [{for: 60s, rate: 50/s}]\n", `
x.yaml:3:3: load: unknown key clients
    hint: keys here: users, think, arrival, in_flight, late, late_by, submit_timeout, reveal, phases, search`},
	{"rate of a load", "version: 1\nload: {rate: 50/s, for: 60s}\n", `
x.yaml:2:7: load: phases is missing
    hint: a load is a list of phases: phases: [{for: 60s, rate: 50/s}]
x.yaml:2:8: load: unknown key rate
    hint: a load is a list of phases, each with its own: phases: [{for: 60s, rate: 50/s}]
x.yaml:2:20: load: unknown key for
    hint: a load is a list of phases, each with its own: phases: [{for: 60s, rate: 50/s}]`},
	{"key in the wrong place", minimal + "budget: 5\n", `
x.yaml:3:1: unknown key budget
    hint: budget is a key of credits`},
	{"twice", minimal + "seed: 1\nseed: 2\n", `
x.yaml:4:1: the key seed is here twice
    hint: the first one is in line 3; keep one of them`},
	{"twice in braces", minimal + "credits: {budget: 1, budget: 1}\n", `
x.yaml:3:22: credits: the key budget is here twice
    hint: the first one is in line 3; keep one of them`},

	// Kinds of values.
	{"list for a value", minimal + "name: [a, b]\n", `
x.yaml:3:7: name: must be a single value, is a list
    hint: write one value, without [...] or a dash before it`},
	{"mapping for a value", minimal + "seed:\n  a: 1\n", `
x.yaml:3:1: seed: must be a single value, is a mapping of keys to values`},
	{"value for a mapping", minimal + "confirm: block\n", `
x.yaml:3:10: confirm: must be a mapping of keys to values, is a single value
    hint: keys here: until, timeout`},
	{"value for a list", minimal + "thresholds: lost == 0\n", `
x.yaml:3:13: thresholds: must be a list, is a single value
    hint: begin each item with "- ", or write [...]`},
	{"empty item", minimal + "thresholds:\n  - lost == 0\n  -\n", `
x.yaml:5:5: thresholds[1]: has no value
    hint: give it one, or remove the item`},
	{"text for a number", minimal + "seed: '5'\n", `
x.yaml:3:7: seed: "5" is text, not a number
    hint: write it without quotes`},
	{"fraction for a number", minimal + "seed: 1.5\n", `
x.yaml:3:7: seed: "1.5" is not a whole number
    hint: allowed is 0 to 18446744073709551615, in plain digits`},
	{"octal or not", minimal + "seed: 010\n", `
x.yaml:3:7: seed: "010" begins with a zero
    hint: write 10`},
	{"too large", minimal + "seed: 18446744073709551616\n", `
x.yaml:3:7: seed: "18446744073709551616" is out of range
    hint: allowed is 0 to 18446744073709551615`},
	{"yes", "version: 1\nload: {phases: [{for: 60s, rate: 50/s, measured: yes}]}\n", `
x.yaml:2:50: measured: must be true or false`},
	{"name", minimal + "name: ../etc\n", `
x.yaml:3:7: name: "../etc" is not a name
    hint: a name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with neither dot nor dash`},
	{"description", minimal + "description: \"\\e[31m\"\n", `
x.yaml:3:14: description: must be one line of printable text
    hint: for a long line use ">" and indent the lines below it`},

	// network and credits.
	{"local and endpoints", minimal + "network:\n  local: {}\n  endpoints: [{url: 'http://h/v2'}]\ncredits: {key: env:K}\n", `
x.yaml:3:1: network: has both local and endpoints
    hint: local starts a network for the run, endpoints use one that is there: keep one of them`},
	{"nodes", minimal + "network: {local: {nodes: 3}}\n", `
x.yaml:3:26: nodes: 3 nodes cannot be started yet, only 1
    hint: for more start the network by other means and list its nodes under network.endpoints`},
	{"block time", minimal + "network: {local: {block_time: 5s}}\n", `
x.yaml:3:31: block_time: "5s" is out of range
    hint: allowed is 6s to 600s; 10s or more for measurements`},
	{"part of a second", minimal + "network: {local: {block_time: 6500ms}}\n", `
x.yaml:3:31: block_time: "6500ms" is not a whole number of seconds
    hint: a node's block time is in whole seconds`},
	{"main", minimal + "network: {expect: MAIN}\n", `
x.yaml:3:19: expect: MAIN is always refused: load there costs money and harms others
    hint: use LOCAL or a testnet`},
	{"main by its id", minimal + "network: {expect: FA92E5A2}\n", `
x.yaml:3:19: expect: MAIN is always refused: load there costs money and harms others
    hint: use LOCAL or a testnet`},
	{"lower case", minimal + "network: {expect: local}\n", `
x.yaml:3:19: expect: "local" is not a network's name
    hint: write LOCAL in capitals`},
	{"local is LOCAL", minimal + "network: {expect: TEST}\n", `
x.yaml:3:19: expect: "TEST" can never be: a network that the run starts is LOCAL
    hint: write expect: LOCAL, or give endpoints`},
	{"no endpoints", minimal + "network: {endpoints: []}\ncredits: {key: env:K}\n", `
x.yaml:3:22: endpoints: must have an item
    hint: leave the key out for the default, if it has one`},
	{"user information", minimal + "network: {endpoints: [{url: 'http://me:hunter2@h/v2'}]}\ncredits: {key: env:K}\n", `
x.yaml:3:29: url: a URL with a user name or password in it is refused
    hint: leave them out and say where they are, auth: env:NAME or auth: file:PATH, which holds user:password`},
	{"scheme", minimal + "network: {endpoints: [{url: 'localhost:8088/v2'}]}\ncredits: {key: env:K}\n", `
x.yaml:3:29: url: "localhost:8088/v2" is not an http or https URL
    hint: for example http://127.0.0.1:8088/v2`},
	{"endpoint", minimal + "network:\n  endpoints:\n  - weight: 0\n    auth: me:hunter2\n  - url: http://h\n  - url: http://h/v2\ncredits: {key: env:K}\n", `
x.yaml:5:5: endpoints[0]: url is missing
    hint: for example url: "http://127.0.0.1:8088/v2"
x.yaml:5:13: weight: "0" is out of range
    hint: allowed is 1 to 1000000
x.yaml:6:11: auth: must say where user:password is, never hold it
    hint: use env:NAME or file:PATH
x.yaml:8:10: url: the same endpoint is here twice
    hint: give it a higher weight instead`},
	{"who pays", minimal + "network: {endpoints: [{url: 'http://h/v2'}]}\n", `
x.yaml:3:22: credits.key is missing: with endpoints the scenario must say who pays
    hint: credits: {key: env:NAME}, file:PATH, or local-test-key if the endpoints are a LOCAL network`},
	{"key", minimal + "credits: {key: hunter2, budget: 0}\n", `
x.yaml:3:16: key: must say where the secret key is, never hold it
    hint: use local-test-key (LOCAL networks only), env:NAME or file:PATH
x.yaml:3:33: budget: "0" is out of range
    hint: allowed is 1 to 1000000000000`},
	{"variable", minimal + "credits: {key: 'env:my key'}\n", `
x.yaml:3:16: key: after env: must be the name of an environment variable
    hint: for example env:FACTOM_LOAD_SECRET`},

	// workload.
	{"chains", minimal + "workload: {chains: 0}\n", `
x.yaml:3:20: chains: the mix writes entries, and there is no chain for them
    hint: make at least 1 chain, or a mix of new chains alone: [{kind: chain, size: 200B}]`},
	{"nothing to choose", minimal + "workload: {chains: 0, choose: single, mix: [{kind: chain, size: 200B}]}\n", `
x.yaml:3:31: choose: there are no chains to choose from
    hint: make at least 1 chain, or leave choose out`},
	{"zipf", minimal + "workload: {choose: zipf}\n", `
x.yaml:3:20: choose: zipf needs its exponent
    hint: write choose: {zipf: 1.2}`},
	{"zipf exponent", minimal + "workload: {choose: {zipf: 11}}\n", `
x.yaml:3:27: zipf: "11" is not an exponent
    hint: allowed is above 0, up to 10: chain k has weight 1/k^s`},
	{"choose", minimal + "workload: {choose: uniformly}\n", `
x.yaml:3:20: choose: "uniformly" is not one of uniform, single
    hint: did you mean uniform?`},
	{"marker", minimal + "workload: {marker: Größe}\n", `
x.yaml:3:20: marker: "Größe" is not a marker
    hint: a marker has 1 to 64 printable ASCII characters`},
	{"kind missing", minimal + "workload: {mix: [{size: 200B}]}\n", `
x.yaml:3:18: mix[0]: kind is missing
    hint: write kind: entry or kind: chain`},
	{"kind", minimal + "workload: {mix: [{kind: entyr, size: 200B}]}\n", `
x.yaml:3:25: kind: "entyr" is not one of entry, chain
    hint: did you mean entry?`},
	{"weight", minimal + "workload: {mix: [{kind: entry, weight: 1000001}]}\n", `
x.yaml:3:40: weight: "1000001" is out of range
    hint: allowed is 1 to 1000000`},
	{"size without unit", minimal + "workload: {mix: [{kind: entry, size: 200}]}\n", `
x.yaml:3:38: size: "200" has no unit
    hint: write 200B; a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B`},
	{"size backwards", minimal + "workload: {mix: [{kind: entry, size: 100..1KiB}]}\n", `
x.yaml:3:38: size: "100..1KiB" is more than 10240 bytes
    hint: that is the most that an entry may have: content, ExtIDs and 2 bytes for each ExtID`},
	{"size backwards", minimal + "workload: {mix: [{kind: entry, size: 200..100B}]}\n", `
x.yaml:3:38: size: "200..100B" ends before it begins
    hint: a unit counts for both ends unless each has its own, as in 100B..1KiB`},
	{"size unit", minimal + "workload: {mix: [{kind: entry, size: 1MB}]}\n", `
x.yaml:3:38: size: "1MB" has a unit that is not one of sizes
    hint: a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B`},
	{"size too small", minimal + "workload: {mix: [{kind: entry, size: 34B, extids: 1..3}]}\n", `
x.yaml:3:38: size: size is too small for an entry
    hint: 35 bytes or more hold the marker, the nonce and 3 ExtIDs`},
	{"default size too small", minimal + "workload: {mix: [{kind: entry, extids: 40}]}\n", `
x.yaml:3:18: mix[0]: the default size 100..1000B is too small for an entry
    hint: 146 bytes or more hold the marker, the nonce and 40 ExtIDs`},
	{"sizes", minimal + "workload: {mix: [{kind: entry, size: [1B]}, {kind: entry, size: {}}]}\n", `
x.yaml:3:38: size: must be a single value, is a list
    hint: write one value, without [...] or a dash before it
x.yaml:3:65: size: has 0 sizes
    hint: allowed is 1 to 100; a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B; or {100B: 80, 1KiB: 20} with weights, or {lognormal: {median: 300B, sigma: 0.8}}`},
	{"list of sizes", minimal + "workload:\n  mix:\n  - kind: entry\n    size: {100: 1, 1KiB: 0, 1024B: 1, 28B: 2, 30kB: 1, 31B:, lognormall: 3}\n", `
x.yaml:6:12: size: "100" has no unit
    hint: write 100B; a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B
x.yaml:6:26: 1KiB: "0" is out of range
    hint: allowed is 1 to 1000000
x.yaml:6:29: size: the size 1024B is here twice
    hint: add the weights up
x.yaml:6:47: size: "30kB" is more than 10240 bytes
    hint: that is the most that an entry may have: content, ExtIDs and 2 bytes for each ExtID
x.yaml:6:56: size: 31B has no weight
    hint: write {100B: 80, 1KiB: 20}
x.yaml:6:62: size: "lognormall" is not a size
    hint: a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B; or {100B: 80, 1KiB: 20} with weights, or {lognormal: {median: 300B, sigma: 0.8}}`},
	{"size of a list too small", minimal + "workload: {mix: [{kind: entry, size: {1KiB: 1, 28B: 2}}]}\n", `
x.yaml:3:38: size: size is too small for an entry
    hint: 29 bytes or more hold the marker, the nonce and 1 ExtIDs`},
	{"lognormal", minimal + "workload:\n  mix:\n  - {kind: entry, size: {lognormal: {median: 2KiB, sigma: 6, max: 1..2KiB}}}\n  - {kind: entry, size: {lognormal: {}, 100B: 5}}\n" +
		"  - {kind: entry, size: {lognormal: {median: 2KiB, sigma: 1, max: 1KiB}}}\n  - {kind: entry, size: {lognormal: {median: 28B, sigma: 1}}}\n", `
x.yaml:5:59: sigma: "6" is not a sigma
    hint: allowed is above 0, up to 5; two thirds of the sizes lie between median/e^sigma and median*e^sigma
x.yaml:5:67: max: "1..2KiB" is not a size
    hint: a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B
x.yaml:6:37: lognormal: median is missing
    hint: half of the entries are smaller: median: 300B
x.yaml:6:37: lognormal: sigma is missing
    hint: the standard deviation of the size's natural logarithm: sigma: 0.8
x.yaml:6:41: size: unknown key 100B
    hint: keys here: lognormal
x.yaml:7:46: median: is above max
    hint: max is 1024B
x.yaml:8:25: size: the median is too small for an entry
    hint: 29 bytes or more hold the marker, the nonce and 1 ExtIDs`},
	{"payload", minimal + "workload: {mix: [{kind: entry, payload: jsn}, {kind: entry, payload: files}, {kind: entry, payload: {}}, {kind: entry, payload: [text]}, {kind: entry, payload: text, size: 44B}]}\n", `
x.yaml:3:41: payload: "jsn" is not one of random, text, json, zeros
    hint: did you mean json?
x.yaml:3:70: payload: files need their path
    hint: write payload: {files: DIRECTORY_OR_PATTERN}
x.yaml:3:101: payload: files is missing
    hint: payload is random, text, json, zeros, or {files: DIRECTORY_OR_PATTERN}
x.yaml:3:129: payload: must be a single value, is a list
    hint: write one value, without [...] or a dash before it
x.yaml:3:173: size: size is too small for an entry
    hint: 45 bytes or more hold the marker, the nonce and 1 ExtIDs`},
	{"extids of a chain", minimal + "workload: {mix: [{kind: chain, size: 200B, extids: 1..3}]}\n", `
x.yaml:3:52: extids: a chain needs at least 2
    hint: the first ExtID is the marker, the second makes the chain unique`},
	{"extids", minimal + "workload: {mix: [{kind: entry, extids: 3..1}]}\n", `
x.yaml:3:40: extids: "3..1" ends before it begins
    hint: a count is written 2, or 1..3 for a range`},

	// load.
	{"arrival", "version: 1\nload: {arrival: poison, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:17: arrival: "poison" is not one of constant, poisson
    hint: did you mean poisson?`},
	{"in flight", "version: 1\nload: {in_flight: 0, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:19: in_flight: "0" is out of range
    hint: allowed is 1 to 100000`},
	{"late by", "version: 1\nload: {late: drop, late_by: 0s, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:14: late: "drop" is not one of send, skip
x.yaml:2:29: late_by: "0s" is not above 0
    hint: a duration is written 10s, 1m30s or 2h`},
	{"retry", "version: 1\nload: {phases: [{for: 60s, rate: 50/s}]}\nsubmit: {retry: 11}\n", `
x.yaml:3:17: retry: "11" is out of range
    hint: allowed is 0 to 10`},
	{"reveal", "version: 1\nload: {reveal: before, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:16: reveal: "before" is not one of after, together
    hint: after: the reveal waits for the answer to the commit, and a rejection ends it; together: both are sent at once`},
	{"reveal nearly", "version: 1\nload: {reveal: togther, phases: [{for: 60s, rate: 50/s}]}\n", `
x.yaml:2:16: reveal: "togther" is not one of after, together
    hint: did you mean together?`},
	{"phase", "version: 1\nload:\n  phases:\n  - name: a\n", `
x.yaml:4:5: phases[0]: for is missing
    hint: say how long the phase lasts: for: 60s
x.yaml:4:5: phases[0]: rate is missing
    hint: say how many entries a second: rate: 50/s; a pause is rate: 0/s`},
	{"units", "version: 1\nload:\n  phases:\n  - for: 10\n    rate: 50\n  - for: 1d\n    rate: 50/m\n  - for: 31h60m\n    rate: -5/s\n", `
x.yaml:4:10: for: "10" has no unit
    hint: for seconds write 10s; a duration is written 10s, 1m30s or 2h
x.yaml:5:11: rate: "50" has no unit
    hint: say per what: 50/s or 50/min
x.yaml:6:10: for: "1d" has a unit that is not one of durations
    hint: a day is 24h
x.yaml:7:11: rate: "50/m" has a unit that is not one of rates
    hint: a rate is written 50/s, 3000/min or 0.5/s, a ramp 5/s..100/s
x.yaml:9:11: rate: "-5/s" is not a rate
    hint: a rate is written 50/s, 3000/min or 0.5/s, a ramp 5/s..100/s`},
	{"shapes", "version: 1\nload:\n  phases:\n" +
		"  - {for: 1m, rate: 5/s spike}\n" +
		"  - {for: 1m, rate: 5/s..9/s spikes}\n" +
		"  - {for: 1m, rate: 5/s..9/s spike 3s}\n" +
		"  - {for: 1m, rate: 5/s..5/s spike}\n" +
		"  - {for: 1m, rate: 5/s..9/s in 1 steps}\n" +
		"  - {for: 1m, rate: 5/s..9/s in 6}\n" +
		"  - {for: 1m, rate: 5/s..9/s sine}\n" +
		"  - {for: 1m, rate: 5/s..9/s sine 30}\n" +
		"  - {for: 1m, rate: 5/s..9/s sine 50ms}\n" +
		"  - {for: 1m, rate: 9/s..5/s sine 30s}\n" +
		"  - {for: 1m, rate: 9 per second}\n", `
x.yaml:4:21: rate: "5/s spike" has one rate, and the shape goes between two
    hint: write 20/s..5/s spike
x.yaml:5:21: rate: "5/s..9/s spikes" names "spikes", which is not a shape
    hint: after two rates may come: in 6 steps, spike, or sine 30s; without it the rate changes steadily
x.yaml:6:21: rate: "5/s..9/s spike 3s" names "spike 3s", which is not a shape
    hint: after two rates may come: in 6 steps, spike, or sine 30s; without it the rate changes steadily
x.yaml:7:21: rate: "5/s..5/s spike" has the same rate twice
    hint: leave out the second one and the shape
x.yaml:8:21: rate: "5/s..9/s in 1 steps" has the number of steps "1", which is out of range
    hint: allowed is 2 to 1000
x.yaml:9:21: rate: "5/s..9/s in 6" names no number of steps
    hint: write in 6 steps
x.yaml:10:21: rate: "5/s..9/s sine" has a sine without its period
    hint: write sine 30s
x.yaml:11:21: rate: "5/s..9/s sine 30" has the period "30", which has no unit
    hint: for seconds write 30s; a duration is written 10s, 1m30s or 2h
x.yaml:12:21: rate: "5/s..9/s sine 50ms" has the period "50ms", which is too short
    hint: allowed is 100ms to 720h
x.yaml:13:21: rate: "9/s..5/s sine 30s" begins with the higher rate
    hint: write the lower one first: a sine rises from the mean of both
x.yaml:14:21: rate: "9 per second" has a unit that is not one of rates
    hint: a rate is written 50/s, 3000/min or 0.5/s, a ramp 5/s..100/s`},
	{"too much", "version: 1\nload: {phases: [{for: 721h, rate: 100001/s}]}\n", `
x.yaml:2:23: for: "721h" is more than 30 days
    hint: a duration is written 10s, 1m30s or 2h
x.yaml:2:35: rate: "100001/s" is more than 100000/s
    hint: no Factom node takes a hundredth of that`},
	{"too many", "version: 1\nload: {phases: [{for: 10000s, rate: 100000/s}, {for: 1s, rate: 1/s}]}\n", `
x.yaml:2:16: phases: the load plans 1e+09 entries, more than 1e+09
    hint: lower the rates or shorten the phases`},
	{"pauses", "version: 1\nload: {phases: [{for: 1h, rate: 0/s}]}\n", `
x.yaml:2:16: phases: all phases are pauses
    hint: give at least one of them a rate above 0/s`},
	{"nothing measured", "version: 1\nload: {phases: [{for: 1h, rate: 1/s, measured: false}]}\n", `
x.yaml:2:16: phases: no phase that sends is measured
    hint: leave measured: false to warm-up phases`},
	{"names of phases", "version: 1\nload:\n  phases:\n  - {for: 1s, rate: 1/s}\n  - {name: phase-1, for: 1s, rate: 1/s}\n  - {name: setup, for: 1s, rate: 1/s}\n", `
x.yaml:5:12: name: a phase before it is called "phase-1" too
    hint: give each phase a name of its own
x.yaml:6:12: name: "setup" is the phase that makes the chains
    hint: choose another name`},

	// confirm, observe, thresholds, abort_on, abort_grace, record, compare.
	{"observe", minimal + "observe: {content: 101, merkle: -1}\nconfirm: {content: 1}\n", `
x.yaml:3:20: content: "101" is out of range
    hint: allowed is 0 to 100
x.yaml:3:33: merkle: "-1" is not a whole number
    hint: allowed is 0 to 100, in plain digits
x.yaml:4:11: confirm: unknown key content
    hint: content is a key of observe`},
	{"confirm", minimal + "confirm: {until: blok, timeout: 3 blokcs}\n", `
x.yaml:3:18: until: "blok" is not one of block, accepted
    hint: did you mean block?
x.yaml:3:33: timeout: "3 blokcs" is not a duration
    hint: a span is written 90s or 3blocks`},
	{"timeout without unit", minimal + "confirm: {timeout: 3}\n", `
x.yaml:3:20: timeout: "3" has no unit
    hint: write 3s for seconds, or 3blocks`},
	{"never confirmed", minimal + "confirm: {until: accepted}\nthresholds: [accept.p99 < 1s, confirm.p99 < 2blocks]\ncompare: {primary: confirm.p95}\n", `
x.yaml:4:31: thresholds[1]: "confirm.p99" is never measured with confirm.until: accepted
    hint: use accept, or confirm: {until: block}
x.yaml:5:20: primary: "confirm.p95" is never measured with confirm.until: accepted
    hint: use accept, or confirm: {until: block}`},
	{"thresholds", minimal + `thresholds:
- submit.p98 < 5ms
- lots == 0
- lost = 0
- lost =< 0
- failed < 101%
- bytes < 5%
- fast
- accept.p99 < 500
- lost < 5ms
- confirmed_per_s > 50
- lost <
- lost < 0
`, `
x.yaml:4:3: thresholds[0]: "submit.p98 < 5ms" names "submit.p98", which is not a metric
    hint: did you mean submit.p90? latencies are one of schedule, submit, accept, confirm, commit_service, reveal_service, a dot, and one of min, mean, stddev, p50, p90, p95, p99, p999, max; others are sent, late, confirmed, accepted, lost, rejected, failed, skipped, ambiguous, planned, chains, entries, credits_spent, bytes, hostile.count, hostile.right, hostile.wrong, hostile.failed, findings, search.held_per_s, rates.planned_per_s, rates.sent_per_s, rates.confirmed_per_s
x.yaml:5:3: thresholds[1]: "lots == 0" names "lots", which is not a metric
    hint: did you mean lost? besides latencies such as accept.p95 there are sent, late, confirmed, accepted, lost, rejected, failed, skipped, ambiguous, planned, chains, entries, credits_spent, bytes, hostile.count, hostile.right, hostile.wrong, hostile.failed, findings, search.held_per_s, rates.planned_per_s, rates.sent_per_s, rates.confirmed_per_s
x.yaml:6:3: thresholds[2]: "lost = 0" has a single =
    hint: write ==
x.yaml:7:3: thresholds[3]: "lost =< 0" has an operator that is none
    hint: the operators are <, <=, >, >=, == and !=
x.yaml:8:3: thresholds[4]: "failed < 101%" has a limit above 100%
    hint: percentages are of the planned entries
x.yaml:9:3: thresholds[5]: "bytes < 5%" has a percentage, which bytes cannot have
    hint: percentages are of the planned entries and go with sent, late, confirmed, accepted, lost, rejected, failed, skipped, ambiguous
x.yaml:10:3: thresholds[6]: "fast" has no comparison
    hint: a threshold is written accept.p95 < 500ms, confirm.p99 < 2blocks, failed < 1% or rejected == 0
x.yaml:11:3: thresholds[7]: "accept.p99 < 500" has the limit "500", which has no unit
    hint: write 500s for seconds, or 500blocks
x.yaml:12:3: thresholds[8]: "lost < 5ms" has the limit "5ms", which is not a number
    hint: a limit of lost is written 0 or 1%
x.yaml:13:3: thresholds[9]: "confirmed_per_s > 50" has the limit "50", which has no unit
    hint: say per what: 50/s or 50/min
x.yaml:14:3: thresholds[10]: "lost <" has no limit
    hint: a threshold is written accept.p95 < 500ms, confirm.p99 < 2blocks, failed < 1% or rejected == 0
x.yaml:15:3: thresholds[11]: "lost < 0" can never hold: nothing is below 0
    hint: write lost == 0`},
	{"observe", minimal + "observe: {feed: {}}\n", `
x.yaml:3:11: observe: unknown key feed
    hint: keys here: content, merkle, live_feed`},
	{"no listen", minimal + "observe: {live_feed: {}}\n", `
x.yaml:3:22: live_feed: listen is missing
    hint: for example live_feed: {listen: 127.0.0.1:8140}`},
	{"not to listen on", minimal + "observe: {live_feed: {listen: 8140}}\n", `
x.yaml:3:31: listen: "8140" is not host:port
    hint: write port 8140 of this machine as 127.0.0.1:8140, or with the address that the node's operator reaches it by`},
	{"listen with a scheme", minimal + "observe: {live_feed: {listen: 'tcp://h:8140'}}\n", `
x.yaml:3:31: listen: "tcp://h:8140" is not host:port
    hint: write port 8140 of this machine as 127.0.0.1:8140, or with the address that the node's operator reaches it by`},
	{"listen on no port", minimal + "observe: {live_feed: {listen: 'localhost:65536'}}\n", `
x.yaml:3:31: listen: "localhost:65536" has no port from 0 to 65535
    hint: write port 8140 of this machine as 127.0.0.1:8140, or with the address that the node's operator reaches it by; port 0 is a free one, which the run tells`},
	{"feed of a local node", minimal + "network: {local: {}}\nobserve: {live_feed: {listen: ':8140'}}\n", `
x.yaml:4:22: live_feed: the feed of a local node comes to the run by itself
    hint: leave it out, or give endpoints`},
	{"primary", minimal + "compare: {primary: lost}\n", `
x.yaml:3:20: primary: "lost" is not a latency
    hint: latencies are one of schedule, submit, accept, confirm, commit_service, reveal_service, a dot, and one of min, mean, stddev, p50, p90, p95, p99, p999, max`},
}

func TestProblems(t *testing.T) {
	for _, test := range problems {
		t.Run(test.name, func(t *testing.T) {
			s, err := Parse([]byte(test.text), "x.yaml")
			if s != nil || err == nil {
				t.Fatalf("Parse = %v, %v", s, err)
			}
			if _, ok := errors.AsType[Errors](err); !ok {
				t.Errorf("the error is a %T", err)
			}
			if got := "\n" + err.Error(); got != test.want {
				t.Errorf("got:%s\nwant:%s", got, test.want)
			}
		})
	}
}

// Places must be right below whatever YAML allows above them.
func TestPlaces(t *testing.T) {
	for name, above := range map[string]string{
		"comments":     "# one\n\n  # two\nversion: 1 # three\n",
		"header":       "---\nversion: 1\n",
		"windows":      "version: 1\r\n\r\nseed: 2\r\n",
		"byte order":   "\uFEFFversion: 1\n",
		"folded text":  "version: 1\ndescription: >\n  a\n  b\n\n",
		"long text":    "version: 1\ndescription: a\n  b\n  c\n",
		"quoted text":  "version: 1\ndescription: \"a\n\n  b\"\n",
		"flow":         "version: 1\nload: {phases: [\n  {for: 1s,\n   rate: 1/s}]}\n",
		"wide letters": "version: 1\ndescription: {ä: 1}\n",
	} {
		line := strings.Count(above, "\n") + 1
		_, err := Parse([]byte(above+"credits: {budget: 5, kee: x}\n"), "x.yaml")
		problems, _ := errors.AsType[Errors](err)
		found := false
		for _, p := range problems {
			found = found || p.Path == "credits.kee" && p.Line == line && p.Column == 22
		}
		if !found {
			t.Errorf("%s: no problem at %d:22 in\n%v", name, line, err)
		}
	}
}

// A secret is refused wherever it stands, and no message repeats it.
func TestSecrets(t *testing.T) {
	const key = "Es2Rf7iM6PdsqfYCo3D1tnAR65SkLENyWJG1deUzpRMQmbh9F3eG"
	cut := key[:len(key)-3]
	endpoint := "network: {endpoints: [{url: 'http://h/v2', %}]}\n"
	for _, text := range []string{
		"credits: {key: " + key + "}", "credits: {key: env:" + key + "}", "credits: {key: '" + cut + "'}", "credits: {key: [" + key + "]}",
		"# " + key, "description: pay with " + key, "name: " + cut, key + ": 1", cut + ": 1", "thresholds: [" + cut + " < 1]",
		strings.Replace(endpoint, "%", "auth: me:hunter2", 1),
		"network: {endpoints: [{url: 'http://me:hunter2@h/v2'}]}", "network: {endpoints: [{url: 'me:hunter2@h'}]}",
		"network: {endpoints: [{url: 'http://me:hunter2@h:x/%zz'}]}", "name: http://me:hunter2@h/v2",
		"credits: {key: hunter2}", "credits: {key: 'env:hunter2 '}", "name: 'open " + key,
	} {
		_, err := Parse([]byte(minimal+text+"\n"), "x.yaml")
		if err == nil {
			t.Errorf("accepted: %s", text)
			continue
		}
		for _, secret := range []string{cut, cut[:40], "hunter2"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s\nrepeats it: %v", text, err)
			}
		}
	}
	_, err := Parse([]byte(minimal), "x.yaml", Override{"credits.key", key})
	if err == nil || strings.Contains(err.Error(), cut) {
		t.Errorf("as an override: %v", err)
	}
}
