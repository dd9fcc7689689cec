"""The wire: topics and messages, and nothing of ours behind them."""
