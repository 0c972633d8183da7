"""Agents of business systems: the port. Adapters (`business_system`, `checks`) are imported by name where wired."""

from resuelve.agents.port import Agent, AgentRequest, Agents

__all__ = ["Agent", "AgentRequest", "Agents"]
