# Forks: handlers of a library that is initialised before the preload, and forks in places where they are rare.
add_library(fork_early SHARED fork_early.c)
add_library(fork_plugin MODULE fork_plugin.c)
foreach(library IN ITEMS fork_early fork_plugin)
  target_link_libraries(${library} PRIVATE neap_warnings)
  target_compile_options(${library} PRIVATE -O1 -fno-builtin)
endforeach()
preload_program(fork_handlers fork_handlers.c)
target_link_libraries(fork_handlers PRIVATE fork_early)
set(fork_cases allocating locking threads loading nested flushing registering ending)
foreach(case IN LISTS fork_cases)
  neap_black_box(preload.fork.${case} LIBC COMMAND fork_handlers ${case} $<TARGET_FILE:fork_plugin>)
endforeach()

preload_program(fork_places fork_places.c)
foreach(case IN ITEMS many ending_thread interrupted keyless)
  neap_black_box(preload.fork.${case} LIBC COMMAND fork_places ${case})
endforeach()
neap_black_box(preload.fork.interrupted_thread COMMAND fork_places interrupted_thread) # may hang on glibc's own malloc
