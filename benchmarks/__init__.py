"""How fast wfkit is, next to the same work written by hand: `python -m benchmarks`.

The layout, in the order to read it:

    workload.py     what is measured: sizes, answers, and the gate and goal for wfkit
    contender.py    who takes part, and the shape of a case: `async def case(n, watch) -> answer`
    contenders/     one module each: direct, raw, wfkit, llama_index, langgraph, pydantic_graph, burr
    watch.py        the instruments that a case is run under: time, memory kept, longest stall
    measure.py      one contender, one workload, one figure
    rounds.py       everybody in shuffled order, round after round
    report.py       the table and the JSON file
    __main__.py     the command line

README.md says how to read the figures.
"""
