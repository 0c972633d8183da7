"""Mock services that speak the outside contract: a ticket manager and a business system, with faults on request.

Start them with `resuelve.mocks.serve`; the applications are `gestor.create_app` and `sistema.create_app`.
"""
