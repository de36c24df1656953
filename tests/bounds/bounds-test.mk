# The analyzer's own tests, see tests/bounds/README.md.
#
#	make bounds-test	all of them, short form

.PHONY: bounds-test bounds-test-needs

bounds-test: bounds-test-needs
	@tests/run bounds/

# The analyzer, and what the mutants of the kernel are compared with.
bounds-test-needs: build/tools/bounds bitcode ci
run-tests: bounds-test-needs
