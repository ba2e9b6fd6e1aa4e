// The one main of all unit test executables.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
