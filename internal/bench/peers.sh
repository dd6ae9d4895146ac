#!/usr/bin/env bash
# Runs factom-load's whole path, vegeta and wrk against the same sink in turn, and
# prints the medians of their request rates and the ratios. The load generator has
# one core, the sink another. wrk is Debian's; vegeta is a tool of tools/go.mod.
#
# usage: internal/bench/peers.sh [ROUNDS] [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-5} seconds=${2:-5} connections=64
work=$(mktemp -d)
trap 'exec 3>&-; rm -rf "$work"' EXIT

command -v wrk >/dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 1; }
go build -o "$work" ./internal/bench/sink ./internal/bench/bodies
go test -c -o "$work/generator.test" ./generator
go build -modfile=tools/go.mod -o "$work/vegeta" github.com/tsenart/vegeta/v12

mkfifo "$work/alive"
taskset -c 1 "$work/sink" <"$work/alive" >"$work/address" &
exec 3>"$work/alive" # the sink ends with us
until [ -s "$work/address" ]; do sleep 0.1; done
address=$(cat "$work/address")
"$work/bodies" --url "http://$address/v2" >"$work/targets.json"
"$work/bodies" --format wrk >"$work/bodies.lua"

ours() {
	FACTOM_LOAD_SINK=$address taskset -c 0 "$work/generator.test" -test.run '^$' \
		-test.bench "BenchmarkThroughput/^$1\$/^$2\$" -test.benchtime "${seconds}s" |
		awk '/requests\/s/ {for (i = 1; i < NF; i++) if ($(i+1) == "requests/s") print $i}'
}
vegeta() {
	taskset -c 0 "$work/vegeta" attack -format json -targets "$work/targets.json" -rate 0 \
		-max-workers $connections -connections $connections -duration "${seconds}s" |
		"$work/vegeta" report -type json | sed 's/.*"throughput":\([0-9.]*\).*/\1/'
}
wrk_() {
	taskset -c 0 wrk -t1 -c$connections -d"${seconds}s" -s "$work/bodies.lua" "http://$address/v2" |
		awk '/Requests\/sec/ {print $2}'
}

median() { sort -g | awk '{v[NR] = $1} END {print (NR % 2) ? v[(NR+1)/2] : (v[NR/2] + v[NR/2+1]) / 2}'; }

for round in $(seq "$rounds"); do
	ours after recorded >>"$work/after.rates"
	ours together recorded >>"$work/together.rates"
	vegeta >>"$work/vegeta.rates"
	wrk_ >>"$work/wrk.rates"
	ours together unrecorded >>"$work/unrecorded.rates"
	last() { tail -n1 "$work/$1.rates"; }
	echo "round $round: factom-load, reveal after the commit $(last after), together $(last together), the latter without entries.log $(last unrecorded), vegeta $(last vegeta), wrk $(last wrk) requests/s"
done
all() { median <"$work/$1.rates"; }
awk -v a="$(all after)" -v t="$(all together)" -v u="$(all unrecorded)" -v v="$(all vegeta)" -v w="$(all wrk)" 'BEGIN {
	printf "medians: factom-load, reveal after the commit %.0f, together %.0f, the latter without entries.log %.0f, vegeta %.0f, wrk %.0f requests/s\n", a, t, u, v, w
	printf "after / vegeta %.2f, after / wrk %.2f\n", a/v, a/w
	printf "together / vegeta %.2f, together / wrk %.2f, with / without entries.log %.3f\n", t/v, t/w, t/u
}'
