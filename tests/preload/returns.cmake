# How pages go back to the system, with and without somebody who watches.
foreach(program IN ITEMS together watching)
  preload_program(${program} together.c)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR}/include)
  neap_black_box(preload.returns.${program} COMMAND ${program})
endforeach()
target_compile_definitions(watching PRIVATE WATCHES)
set_target_properties(watching PROPERTIES ENABLE_EXPORTS TRUE)
