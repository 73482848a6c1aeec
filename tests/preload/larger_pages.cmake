# Systems whose pages are larger, as far as the library sees one: those it serves, and one that it is not made for.
foreach(kib IN ITEMS 16 64 128)
  add_library(larger_pages_${kib} MODULE larger_pages.c)
  target_compile_definitions(larger_pages_${kib} PRIVATE _GNU_SOURCE PAGE_KIB=${kib})
  target_link_libraries(larger_pages_${kib} PRIVATE neap_warnings)
endforeach()

foreach(kib IN ITEMS 16 64)
  foreach(name IN ITEMS edges aligned zeroed contents statistics limits children thread_exit restarts)
    neap_black_box(preload.${name}.pages${kib} COMMAND ${PROJECT_SOURCE_DIR}/tests/stress/under pages $<TARGET_FILE:${name}>
                   ENVIRONMENT NEAP_LARGER_PAGES=$<TARGET_FILE:larger_pages_${kib}>)
  endforeach()
endforeach()

if(TARGET neap_shared)
  foreach(name IN ITEMS plain_c edges aligned early_late thread_exit)
    add_test(NAME preload.unknown_pages.${name}
             COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/unknown_pages $<TARGET_FILE:larger_pages_128> $<TARGET_FILE:neap_shared> $<TARGET_FILE:${name}>)
  endforeach()
endif()
