"""One module for each way of laying a graph out; `draw(graphs)` yields a drawing of each graph."""
