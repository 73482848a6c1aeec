# Promises of the API, one program each. Every one also runs on glibc alone: it is the reference.
foreach(name IN ITEMS edges aligned errno_kept zeroed contents statistics limits plain_c children thread_exit restarts)
  preload_program(${name} ${name}.c)
  neap_black_box(preload.${name} LIBC COMMAND ${name})
endforeach()
# The fall-back: threads keep objects of their own where the kernel restarts nothing.
neap_black_box(preload.restarts.unregistered COMMAND restarts ENVIRONMENT GLIBC_TUNABLES=glibc.pthread.rseq=0)
preload_program(sized_free sized_free.c) # glibc 2.36 has no free_sized yet
neap_black_box(preload.sized_free COMMAND sized_free)

foreach(name IN ITEMS operators thread_local)
  preload_program(${name} ${name}.cc)
  neap_black_box(preload.${name} LIBC COMMAND ${name})
endforeach()

add_library(early_library SHARED early_library.c)
target_link_libraries(early_library PRIVATE neap_warnings)
target_compile_options(early_library PRIVATE -O1 -fno-builtin)
preload_program(early_late early_late.c)
target_link_libraries(early_late PRIVATE early_library)
neap_black_box(preload.early_late LIBC COMMAND early_late)

add_library(plugin MODULE plugin.cc)
target_link_libraries(plugin PRIVATE neap_warnings)
target_compile_options(plugin PRIVATE -O1 -fno-builtin)
preload_program(plugins plugins.c)
neap_black_box(preload.plugins LIBC COMMAND plugins $<TARGET_FILE:plugin>)

if(TARGET neap_shared)
  add_test(NAME preload.exports COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/exports $<TARGET_FILE:neap_shared>)
  add_test(NAME preload.options COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/options $<TARGET_FILE:neap_shared> $<TARGET_FILE:plain_c>)
endif()
if(TARGET neap_static)
  preload_program(linked linked.c)
  target_link_libraries(linked PRIVATE neap_static)
  add_test(NAME preload.secure COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/secure $<TARGET_FILE:linked>)
  set_tests_properties(preload.secure PROPERTIES SKIP_RETURN_CODE 77)
endif()
