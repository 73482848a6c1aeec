# Known attacks, by default and hardened: attacks.table has what comes of each, and docs/security.md tells it.
preload_program(attacks attacks.c)
if(NEAP_TEST_PRELOAD)
  foreach(way IN ITEMS default hardened)
    add_test(NAME preload.attacks.${way} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/attacked ${NEAP_TEST_PRELOAD} $<TARGET_FILE:attacks>
             ${way} ${CMAKE_CURRENT_SOURCE_DIR}/attacks.table)
  endforeach()
endif()

# The promises of the API in a hardened process, and with each switch alone. (Not preload.limits: guards take as many addresses
# again.)
foreach(name IN ITEMS edges aligned errno_kept zeroed contents children thread_exit statistics)
  neap_black_box(preload.${name}.hardened COMMAND ${name} ENVIRONMENT NEAP_OPTIONS=hardened:1)
endforeach()
neap_black_box(preload.address_space.too_large.hardened COMMAND address_space too_large ENVIRONMENT NEAP_OPTIONS=hardened:1)
# Misuse after misuse, out of which the program jumps: what waited goes on waiting.
preload_program(written_waiting written_waiting.c)
target_include_directories(written_waiting PRIVATE ${PROJECT_SOURCE_DIR}/include)
neap_black_box(preload.written_waiting COMMAND written_waiting ENVIRONMENT NEAP_OPTIONS=hardened:1)
# Where a limit of memory is looked at as well, with the first call and before a sandbox begins.
neap_black_box(preload.sandboxed.prctl.hardened COMMAND sandboxed prctl ENVIRONMENT NEAP_OPTIONS=hardened:1,soft_limit:cgroup)
# How many mappings the system keeps, however many slabs and large objects there are.
preload_program(many_mappings many_mappings.c)
neap_black_box(preload.many_mappings.hardened COMMAND many_mappings ENVIRONMENT NEAP_OPTIONS=hardened:1)
foreach(switch IN ITEMS guard_pages no_reuse_of_addresses zero_on_free)
  neap_black_box(preload.many_mappings.${switch} COMMAND many_mappings ENVIRONMENT NEAP_OPTIONS=${switch}:1)
endforeach()
foreach(switch IN ITEMS zero_on_free:1 quarantine:64K canaries:1 random_slots:1 guard_pages:1 no_reuse_of_addresses:1)
  string(REGEX REPLACE ":.*" "" name ${switch})
  neap_black_box(preload.contents.${name} COMMAND contents ENVIRONMENT NEAP_OPTIONS=${switch})
endforeach()
