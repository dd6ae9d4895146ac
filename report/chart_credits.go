package report

// creditsChart draws what the keys that pay had left.
func creditsChart(r *Report, n int) (figure, chart) {
	c := overTime(r, "credits", "Entry credits left")
	caption := "What all keys that pay had together, asked for every few seconds; a rise is a purchase. A line that falls faster than the entries cost shows that others spend from a key." +
		perPointText(r.Series, n, "the line shows its highest interval")
	f, c := levelChart(r, c, n, caption, []level{{"ec_balance", "entry credits", "entry credits", "c-confirmed", 1, 1}})
	if f.Missing != "" {
		f.Missing = "The record has no balances."
	}
	return f, c
}
