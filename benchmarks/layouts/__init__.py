"""How good wfkit's layout is, beside Graphviz dot's, Mermaid's and vis-network's: `python -m benchmarks.layouts`.

The layout, in the order to read it:

    graph.py        what a contender is given, and what it gives back
    corpus.py       the thirty graphs
    contenders/     one module each: wfkit, dot, mermaid, vis
    browser.py      a page for those that need one
    quality.py      what a drawing measures: crossings, lengths, overlaps
    table.py        the tables
    pictures.py     the drawings side by side, to look at
    __main__.py     the command line

../README.md says how to read the figures.
"""
