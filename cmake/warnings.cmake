# neap_warnings: what every target of the project is compiled with. Warnings are errors.
add_library(neap_warnings INTERFACE)
target_compile_options(neap_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-align $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  -Wformat=2 -Wundef -Werror)
# (The tables of src/ are computed and checked in more steps than clang allows by default.)
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(neap_warnings INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-fconstexpr-steps=100000000>)
endif()

# neap_sanitize: the sanitizer of this build, for targets that can live with one (never the preload library itself).
add_library(neap_sanitize INTERFACE)
if(NEAP_SANITIZE)
  target_compile_options(neap_sanitize INTERFACE -fsanitize=${NEAP_SANITIZE} -fno-omit-frame-pointer -g)
  target_link_options(neap_sanitize INTERFACE -fsanitize=${NEAP_SANITIZE})
endif()
