"""The engine: a process of its own that runs a model with llama.cpp. Only this package imports llama_cpp."""
