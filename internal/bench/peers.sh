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
		-test.bench "BenchmarkThroughput/$1" -test.benchtime "${seconds}s" |
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
	ours recorded >>"$work/ours"
	vegeta >>"$work/vegeta.rates"
	wrk_ >>"$work/wrk.rates"
	ours unrecorded >>"$work/unrecorded"
	echo "round $round: factom-load $(tail -n1 "$work/ours"), without entries.log $(tail -n1 "$work/unrecorded"), vegeta $(tail -n1 "$work/vegeta.rates"), wrk $(tail -n1 "$work/wrk.rates") requests/s"
done
o=$(median <"$work/ours") u=$(median <"$work/unrecorded") v=$(median <"$work/vegeta.rates") w=$(median <"$work/wrk.rates")
awk -v o="$o" -v u="$u" -v v="$v" -v w="$w" 'BEGIN {
	printf "medians: factom-load %.0f, without entries.log %.0f, vegeta %.0f, wrk %.0f requests/s\n", o, u, v, w
	printf "factom-load / vegeta %.2f, factom-load / wrk %.2f, with / without entries.log %.3f\n", o/v, o/w, o/u
}'
