# Each misuse with the kinds of message that name it rightly. Once an object's pages are back with the system, its block
# may hold nothing any more: there, "invalid pointer" is as true as "double free".
set(misuses
  "free_twice|double free"
  "free_twice_medium|double free"
  "free_twice_large|double free|invalid pointer"
  "free_twice_huge|double free|invalid pointer"
  "free_twice_with_others_between|double free"
  "free_twice_other_thread|double free"
  "free_twice_both_in_threads|double free"
  "free_twice_after_flush|double free|invalid pointer"
  "free_twice_after_slab_release|double free|invalid pointer"
  "free_twice_aligned|double free|invalid pointer"
  "delete_twice|double free"
  "free_stack|invalid pointer"
  "free_static|invalid pointer"
  "free_mapping|invalid pointer"
  "free_near_null|invalid pointer"
  "free_kernel_address|invalid pointer"
  "free_non_canonical|invalid pointer"
  "free_misaligned|interior pointer|invalid pointer"
  "free_inside_small|interior pointer"
  "free_inside_medium|interior pointer"
  "free_inside_large|interior pointer"
  "free_inside_large_at_page|interior pointer"
  "free_inside_large_at_block|interior pointer"
  "free_sized_too_large|wrong size"
  "free_sized_too_large_large|wrong size"
  "free_aligned_sized_too_large|wrong size"
  "realloc_freed|double free|invalid pointer"
  "realloc_freed_large|double free|invalid pointer"
  "realloc_stack|invalid pointer"
  "realloc_inside|interior pointer")

preload_program(misuse misuse.c)
if(NEAP_TEST_PRELOAD)
  foreach(misuse IN LISTS misuses)
    string(REGEX MATCH "^([^|]+)\\|(.+)$" _ ${misuse})
    add_test(NAME preload.misuse.${CMAKE_MATCH_1}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/aborts_with ${NEAP_TEST_PRELOAD} ${CMAKE_MATCH_2}
                     $<TARGET_FILE:misuse> ${CMAKE_MATCH_1})
    set_tests_properties(preload.misuse.${CMAKE_MATCH_1} PROPERTIES SKIP_RETURN_CODE 77)
  endforeach()
endif()

# What a handler of SIGABRT may do afterwards.
preload_program(abort_handler abort_handler.c)
foreach(case IN ITEMS allocates forks exits jumps)
  neap_black_box(preload.abort_handler.${case} MAY_HANG COMMAND abort_handler ${case})
endforeach()

# The same at random, in one thread and in several. A million of them, by one command:
# NEAP_OPTIONS=check:1 LD_PRELOAD=build/release/libneap.so build/release/tests/misuse_random 1000000
preload_program(misuse_random misuse_random.c)
neap_black_box(preload.misuse.random MAY_HANG ENVIRONMENT NEAP_OPTIONS=check:1 COMMAND misuse_random 6000)
foreach(shared IN ITEMS 0 1)
  neap_black_box(preload.misuse.random.threads_${shared} MAY_HANG ENVIRONMENT NEAP_OPTIONS=check:1,cpu_caches:${shared}
                 COMMAND misuse_random 2000 16)
endforeach()
