"""Generated load: page views by seed, with the truth about them.

`options` say what is wanted, `scenarios` how it changes with time, `population` who looks at what, `poison`
what is broken on purpose, `blocks` makes the records, `truth` counts them, `checking` compares the truth
with what was seen. All of these are pure: the same options give the same bytes and the same truth.
"""
