# The models of the kernel's protocols, checked by spin.
#
#	make model		every configuration and mutant, under a minute
#	make model-long		one configuration more, some minutes

.PHONY: model model-long

model:
	tests/model/check build/model

model-long:
	tests/model/check --long build/model
