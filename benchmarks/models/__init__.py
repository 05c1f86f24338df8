"""ResNet-50, a transformer, an LSTM and an MLP in each library, as the benchmarks measure them.

The models have the same layers, the same number of parameters and the same loss; each file
contains those of one library, written as its users would.
"""
