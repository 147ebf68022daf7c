"""Times PyTorch and lossproof's Go losses in turns, and writes docs/performance.md."""
