"""Any endpoint that speaks the chat completions of OpenAI: vLLM, Ollama, llama.cpp, LiteLLM, OpenAI."""

from .provider import OpenAIAnalyzer, Options

__all__ = ["OpenAIAnalyzer", "Options"]
