"""Messages and what they mean, to measure by: written apart from the sentences the model is learned from.

`examples.jsonl` are the sixty of the product's brief; `tuning.jsonl` is looked at while the lexicon is written;
`test.jsonl` only tells how good it is; `places.jsonl` are answers to "Où ?". `near_danger` are sentences about
reminders and dates, written as those of the corpus: some are said by people in danger, most are not.
"""
