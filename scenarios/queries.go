package scenarios

import "fmt"

// Queries are reads beside the writes, in all phases of the load. They have a
// schedule of their own, open-loop as the load's.
type Queries struct {
	Rate     float64 // queries a second, above 0
	Arrival  Arrival // that of the load by default
	InFlight int     // most of them made and not answered
	Mix      []QueryItem
}

// A QueryItem is one method of the mix.
type QueryItem struct {
	Method QueryMethod
	Weight int // relative share of the queries, 1 or more
}

// QueryMethod names what is asked for.
type QueryMethod string

// The methods of queries. Most cost a node a lookup or two; ack and
// pending-entries scan everything that waits, as do explorers: these make load
// of their own.
const (
	QueryHeights        QueryMethod = "heights"
	QueryMinute         QueryMethod = "current-minute"
	QueryEntry          QueryMethod = "entry"
	QueryEntryBlock     QueryMethod = "entry-block"
	QueryChainHead      QueryMethod = "chain-head"
	QueryAck            QueryMethod = "ack"
	QueryPending        QueryMethod = "pending-entries"
	QueryBalances       QueryMethod = "balances" // of the key that pays, in entry credits
	QueryDirectoryBlock QueryMethod = "dblock-by-height"
)

// queryMethods are all methods, in the order of the default mix.
func queryMethods() []QueryMethod {
	return []QueryMethod{
		QueryHeights, QueryMinute, QueryEntry, QueryEntryBlock, QueryChainHead,
		QueryAck, QueryPending, QueryBalances, QueryDirectoryBlock,
	}
}

// defaultQueries has no rate: a file must say it.
func defaultQueries() Queries {
	q := Queries{InFlight: DefaultQueriesInFlight}
	for _, m := range queryMethods() {
		q.Mix = append(q.Mix, QueryItem{Method: m, Weight: DefaultWeight})
	}
	return q
}

func (d *decoder) queries(n *node, dst **Queries) bool {
	return d.sound(func() {
		q := defaultQueries()
		d.fields(n,
			field{"rate", into(d.ownRate, &q.Rate)},
			field{"arrival", into(oneOf(d, Constant, Poisson), &q.Arrival)},
			field{"in_flight", into(whole[int](d, 1, maxInFlight), &q.InFlight)},
			field{"mix", into(d.queryMix, &q.Mix)},
		)
		d.require(n, "rate", "say how many queries a second: rate: 20/s")
		*dst = &q
	})
}

// ownRate reads the one rate of calls that come beside the load.
func (d *decoder) ownRate(n *node, dst *float64) bool {
	return value(d, n, func(text string) (float64, *Problem) {
		from, to, p := parseRate(text)
		switch {
		case p != nil:
			return 0, p
		case from != to:
			return 0, complain("is a ramp", "write one rate, for example 20/s: it is the same in all phases")
		case to == 0:
			return 0, complain("makes no calls", "write a rate above 0/s, or leave the section out")
		}
		return to, nil
	}, dst)
}

func (d *decoder) queryMix(n *node, dst *[]QueryItem) bool {
	return d.sound(func() {
		*dst = nil
		used := map[QueryMethod]bool{}
		for _, item := range d.list(n, 1, maxItems) {
			q := QueryItem{Weight: DefaultWeight}
			d.fields(item,
				field{"method", into(oneOf(d, queryMethods()...), &q.Method)},
				field{"weight", into(whole[int](d, 1, maxWeight), &q.Weight)},
			)
			d.require(item, "method", "say what to ask for: method: heights")
			if q.Method != "" && used[q.Method] {
				d.report(item, fmt.Sprintf("the method %s is in the mix twice", q.Method), "add up their weights")
			}
			used[q.Method] = true
			*dst = append(*dst, q)
		}
	})
}
