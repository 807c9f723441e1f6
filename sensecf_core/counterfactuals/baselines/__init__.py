"""The authors' own packages behind our proposer interface: DiCE, NICE, CFNOW, treecf.

Each package has one module, which is imported, like the package, when it is first asked.
"""
